"""What a dataset is."""
