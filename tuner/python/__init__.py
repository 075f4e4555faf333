"""The Python API, for notebooks and pipelines: what `from tuner import sweep, train, load_model, Sweep` gives.

It may import all rooms but `cli`. Begin reading in `calls`. A sweep runs in a process of its own (`child`), which tells
this one what happens (`engine`): so it can be called from a script, a thread or a running event loop, beside a Ray of
the user's own, and nothing of the user's process is changed.
"""
