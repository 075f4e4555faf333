"""The page of all sweeps."""
