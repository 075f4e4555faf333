"""Warm starts: a resident process, the zygote, has imported everything, and commands are forked from it.

It imports core alone; what it loads and runs of the other rooms it knows by name. Begin with `client`, by which every
command asks for a fork. Then read `fingerprint` (for whom a zygote stands in), `place` (where its socket is), `zygote`
(the resident process), `fork` (how a fork becomes the command that was typed) and `preload` (what is imported ahead).
A sweep that finds none has a zygote of its own for its workers: see `own`.
"""
