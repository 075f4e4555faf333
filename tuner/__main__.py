"""`python -m tuner`: the command, where its script is not installed."""

from tuner._entry import main

main()
