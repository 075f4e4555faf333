"""The life of a sweep: plan, run, final test, registration; and what other commands do with sweeps.

It imports all rooms but cli, and prints nothing: what happens is told to callbacks. Begin with `api`, the functions
that commands call, then `run`. `control` stops and pauses a sweep from another process, `status` and `logs` look at
one, `sync` sends MLflow what is missing.
"""
