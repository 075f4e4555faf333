"""CSV files: ragged, badly quoted, of the wrong encoding, with names and cells of any sort."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from faults.hostile.ends import End, Kind, refused
from tuner.core import catalog
from tuner.data.tables import read_table

CELLS = st.one_of(
    st.sampled_from(
        ["", "0.5", "-1", "nan", "NA", "inf", "1e400", "9" * 500, "1_000", "0,5", "0x10", "٣", "true", "?"]
    ),
    st.sampled_from(
        ['"', '"a\nb"', '"unclosed', "a\0b", "\x1b[2J", "\ufeff", "=1+1", "x" * 140_000, "\ud800", "../../x"]
    ),
    st.text(max_size=5),
    st.floats().map(repr),
)
HEADERS = st.one_of(
    st.lists(st.one_of(st.sampled_from(["a", "b", "kind", ""]), CELLS), max_size=5),
    st.sampled_from([["a", "b", "kind"], ["a"] * 3 + ["kind"], [f"c{n}" for n in range(20_000)] + ["kind"]]),
)
CLASSES = st.lists(CELLS, min_size=1, max_size=3)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Mostly a good table into which a few bad cells, lines or bytes have come."""
    separator, newline = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
    classes = draw(st.sampled_from([["x", "y"], ["1", "2", ""]]) if draw(st.booleans()) else CLASSES)
    rows: list[Sequence[str]] = [draw(st.one_of(st.just(["a", "b", "kind"]), HEADERS))]
    rows += [
        [f"{n * 0.37:.2f}", "uv"[n % 2], classes[n % len(classes)]]
        for n in range(draw(st.sampled_from([0, 3, 24, 24, 40])))
    ]
    for bad in draw(
        st.lists(st.one_of(st.lists(CELLS, min_size=3, max_size=3), st.lists(CELLS, max_size=4)), max_size=2)
    ):
        rows.insert(draw(st.integers(0, len(rows))), bad)
    encoding = draw(st.sampled_from(["utf-8"] * 5 + ["utf-16", "latin-1"]))
    content = newline.join(separator.join(row) for row in rows).encode(encoding, "replace")
    if draw(st.integers(0, 9)):
        return content
    cut = draw(st.integers(0, len(content)))
    return content[:cut] + draw(st.binary(max_size=4)) + content[cut + 2 :]


def attempt(content: bytes, folder: Path) -> End:
    """A file of csv:PATH; what is accepted has its rows, and names that a store takes."""
    file = folder / "my table.csv"
    file.write_bytes(content)
    loaded = []
    if refused(lambda: loaded.append(catalog.read_format("csv", file, "kind")), str(file)):
        return End.REFUSED
    [splits] = loaded
    parts = (splits.train, splits.validation, splits.test)
    table = read_table(file, target="kind")
    empty = int((table.frame["kind"] == "").sum())
    assert not table.bad
    assert sum(len(part.targets) for part in parts) == len(table.frame) - empty
    assert not empty or any(note.startswith(f"{empty} row") for note in splits.notes)
    assert all(bool(part.inputs.isfinite().all()) for part in parts)
    assert all((name and name.isprintable()) or " " in name or len(name) < 99 for name in splits.spec.classes)
    return End.SKIPPED if splits.notes else End.ACCEPTED


KINDS = [Kind("CSV files", files(), attempt, 300)]
