"""torch and one model."""
