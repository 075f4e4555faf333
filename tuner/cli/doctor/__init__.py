"""`tuner doctor`."""
