"""What each command prints with `--json`, as types: `tuner schema COMMAND` prints their JSON Schemas.

The tools for agents return the same types. Begin reading in `commands`.
"""
