"""`python -m tuner`: the command, where its script is not installed."""

from tuner.cli.app import main

main()
