"""`python -m tuner`: the command, where its script is not installed."""

from tuner_start import main

main()
