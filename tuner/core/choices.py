"""What can be trained: the datasets and models of the current folder, of tuner and of libraries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tuner.core import catalog, own_code

KINDS: tuple[Literal["datasets"], Literal["models"]] = ("datasets", "models")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something that can be named on a command line."""

    name: str
    """As it is typed; `csv:PATH` and `timm:NAME` stand for many."""
    summary: str
    file: str | None = None
    """Of a user's own code in the current folder."""


def choices(kind: Literal["datasets", "models"]) -> Iterator[Choice]:
    """All of a kind: a user's own come first, since they come before others of the same name."""
    for name, summary in own_code.found_in(kind).items():
        yield Choice(name=name, summary=summary, file=f"./{kind}/{name}.py")
    for name in catalog.names(kind):
        yield Choice(name=name, summary=catalog.summary(kind, name))
    for name in catalog.formats() if kind == "datasets" else ():
        yield Choice(name=f"{name}:PATH", summary=catalog.format_summary(name))
    for name, summary in catalog.libraries(kind).items():
        yield Choice(name=f"{name}:NAME", summary=summary)


def pairs() -> list[str]:
    """The pairs that have a search space of their own, as `DATASET MODEL`."""
    return [pair.replace("-", " ", 1) for pair in catalog.names("search_spaces")]


def all_choices() -> dict[str, Any]:
    """For scripts."""
    return {kind: [asdict(each) for each in choices(kind)] for kind in KINDS} | {"pairs": pairs()}
