"""`tuner doctor`: what sweeps need, each thing in a line that is good or says how to fix it.

Begin with `run`; `machine` looks at this machine, `services` at MLflow and the cluster.
"""
