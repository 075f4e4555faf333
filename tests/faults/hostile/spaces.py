"""Search spaces and --set expressions: no TOML, numbers that no machine holds, names that no terminal shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from faults.hostile.ends import End, Kind, refused
from tuner.search.overrides import override
from tuner.search.space import SearchSpace
from tuner.search.space_file import parse_space, read_file

NUMBERS = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.floats().map(repr),
    st.sampled_from(["9" * 400, "9" * 5000, "0x" + "f" * 4000, "-0x" + "f" * 4000, "1e308", "-1e308", "5e-324", "nan"]),
)
TEXTS = st.one_of(st.text(max_size=8), st.sampled_from(["\x1b[2J", "\u202e", "lr", "x" * 3000, "a.b", ""]))
PLAIN = st.one_of(
    NUMBERS,
    st.sampled_from(["true", "2020-01-01", "07:32:00", "[]", "{}", "[[[1]]]", "'sgd'", "nonsense"]),
    TEXTS.map(lambda text: '"' + text.encode("unicode_escape").decode().replace('"', "") + '"'),
)


def _table(values: SearchStrategy[str]) -> SearchStrategy[str]:
    keys = st.sampled_from(["choices", "low", "high", "log", "step", "when", "lag"])
    return st.dictionaries(keys, values, max_size=4).map(
        lambda entries: "{" + ", ".join(f"{key} = {value}" for key, value in entries.items()) + "}"
    )


VALUES = st.recursive(
    PLAIN, lambda inner: st.one_of(_table(inner), st.lists(inner, max_size=4).map(lambda v: f"[{', '.join(v)}]"))
)
RANGES = st.tuples(NUMBERS, NUMBERS, st.sampled_from(["", ", log = true", ", step = 5e-324", ", step = 3"])).map(
    lambda ends: f"{{ low = {ends[0]}, high = {ends[1]}{ends[2]} }}"
)
LINES = st.tuples(st.sampled_from(["lr", "optimizer", "a-b", '"\\u001b[2J"']), st.one_of(VALUES, RANGES)).map(
    " = ".join
)
DOCUMENTS = st.one_of(
    st.tuples(st.one_of(st.just("9"), NUMBERS), st.lists(LINES, min_size=1, max_size=3)).map(
        lambda parts: f"epochs = {parts[0]}\n[params]\n" + "\n".join(parts[1])
    ),
    st.text(max_size=60),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
PARAMS = "epochs = 9\n[params]\nlr = "
WORST = [
    "x = " + "[" * 15_000,
    "[" + "a." * 4000 + "b]",
    "a." * 3000 + "b = 1",
    "#" * 40_000,
    "\0",
    "\r",
    "epochs = " + "9" * 5000,
]
WORST += [
    PARAMS + "{ low = 1.0, high = " + "9" * 400 + " }",
    PARAMS + "9" * 400,
    PARAMS + "{ low = -1e308, high = 1e308 }",
]
WORST += [PARAMS + "{ low = -1e308, high = 0, step = 3 }"]
WORST += [PARAMS + "{ low = 0.0, high = 1.0, step = 5e-324 }", "epochs = 0x" + "f" * 4000]
FILES = st.one_of(DOCUMENTS, st.binary(max_size=60))

BASE = {"epochs": 9, "params": {"lr": {"low": 1e-3, "high": 1.0, "log": True}, "depth": {"low": 1, "high": 9}}}
ODD_WORDS = [
    "3in",
    "0x1for",
    "1if",
    "'\\d'",
    "(" * 500,
    "-" * 5000 + "1",
    "[" * 5000,
    "b'x'",
    "1j",
    "9" * 9999,
    "1e999",
]
ODD_WORDS += [
    "1" + "0" * 400,
    "1..1" + "0" * 400,
    "0x" + "f" * 5000,
    "1..0x" + "f" * 5000,
    "-1e308..1e308",
    "0.1..1e999",
]
WORDS = st.one_of(
    NUMBERS,
    st.text(max_size=8),
    st.sampled_from(ODD_WORDS),
)
EXPRESSIONS = st.tuples(
    st.sampled_from(["lr", "depth", "epochs", "", "a b", "\x1b"]),
    st.sampled_from(["=", "", "=="]),
    st.lists(WORDS, max_size=4),
    st.sampled_from([",", "..", "...", ",,"]),
).map(lambda parts: parts[0] + parts[1] + parts[3].join(parts[2]))


def _drawn(space: SearchSpace) -> None:
    """What is accepted can be drawn, and kept as JSON, as the study keeps it."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(2):
        space(study.ask())
    str(space.parameters), [str(parameter) for parameter in space.parameters]


def attempt_file(content: bytes, folder: Path) -> End:
    """A file of --space."""
    file = folder / "space.toml"
    file.write_bytes(content)
    spaces: list[SearchSpace] = []
    if refused(lambda: spaces.append(parse_space(read_file(file), str(file))), str(file)):
        return End.REFUSED
    _drawn(spaces[0])
    return End.ACCEPTED


def attempt_expression(expression: str, folder: Path) -> End:
    """A --set expression."""
    spaces: list[SearchSpace] = []

    def parse() -> None:
        raw: dict[str, Any] = override(BASE, [expression])
        spaces.append(parse_space(raw, "the space with --set", narrowed=True))

    if refused(parse, "--set"):
        return End.REFUSED
    _drawn(spaces[0])
    return End.ACCEPTED


KINDS = [
    Kind("search-space files", FILES, attempt_file, 250, always=tuple(text.encode() for text in WORST)),
    Kind("--set expressions", EXPRESSIONS, attempt_expression, 250, always=tuple(f"lr={word}" for word in ODD_WORDS)),
]
