"""Handing commands to a cluster's head as Ray jobs.

Begin with `head`, which starts a command there; `client` is Ray's job API, `upload` the files that go along,
`capabilities` what a cluster must have, and `address` which cluster a command is for.
"""
