"""tuner: distributed hyperparameter tuning of PyTorch models with one line."""

__version__ = "0.1.0"
