"""The commands, and everything that is printed.

It may import every room, and is the only one that imports Typer and rich. A command parses its options, calls one
function and prints what that returns. Begin with `app`; each command is in `sweep`, `manage`, `models` or `doctor/`.
"""
