"""One dataset a file: `load(root) -> Splits`."""
