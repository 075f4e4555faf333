"""What `tuner serve` prints: where a model answers, one request, and how to end it."""

from __future__ import annotations

from tuner.cli.console import err


def say(line: str) -> None:
    """A line for a person."""
    err.print(line, markup=False, soft_wrap=True)


def tell(name: str, address: str, token: str, note: str) -> None:
    """What a newcomer needs; `address` has no / at its end, `note` comes after the first line."""
    page = f"{address}/#token={token}" if token else address
    say(f"{name} is served at {page}   ({note})")
    header = ""
    if token:
        say(f"Requests need the header   Authorization: Bearer {token}")
        header = f'-H "Authorization: Bearer {token}" '
    say(f"Try: curl {header}{address}/card   All requests: {address}/docs")
