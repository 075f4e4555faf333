"""One TOML file a pair, DATASET-MODEL.toml."""
