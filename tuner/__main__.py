"""`python -m tuner`: the command, where its script is not installed."""

from tuner.cli import main

main()
