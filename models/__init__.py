"""One architecture a file: `build(data, **hyperparameters) -> nn.Module` and `TASKS`, the tasks that it fits."""
