"""Everything of MLflow."""
