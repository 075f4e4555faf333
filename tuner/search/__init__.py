"""What to try next, and when to stop: the search space, the Optuna study, samplers, schedulers, budgets.

It imports core alone, and no torch. Begin with `controller`: it gives a free worker its next trial, and decides after
each report whether a trial continues. A new sampler goes into `samplers/`, a new scheduler into `schedulers/`.
"""
