"""Words and tools that all other rooms use: errors, files, units, the environment, and plain records of a sweep.

It imports no other room, and no heavy library. Begin with `records`: a trial, a trial's report, a search's summary.
Then read `config` (what a user asks for, and what a sweep does), `sweep_folder` (where each file of a sweep is),
`outcome` (what a sweep comes to) and `callback` (what a sweep tells while it runs).
"""
