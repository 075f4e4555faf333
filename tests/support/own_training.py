"""A user's own training function that does nothing but take its time."""

SLOW_TRAIN = """
import time

def train(trial):
    total = trial.load() or 0.0
    for epoch in range(trial.epoch, trial.epochs):
        time.sleep(0.3)
        total += trial.params["lr"]
        trial.report(loss=(total - 1) ** 2)
        trial.save(total)
"""
