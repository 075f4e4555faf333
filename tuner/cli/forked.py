"""The command line in a fork of a process that has imported it long ago."""

from __future__ import annotations

from tuner.cli.app import main as command
from tuner.cli.console import look_again


def main() -> None:
    """Runs the command line in the terminal, folder and environment that this process has now."""
    look_again()
    command()
