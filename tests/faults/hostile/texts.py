"""Texts to predict, a line each: of any bytes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from faults.hostile.ends import End, Kind, refused
from tuner.data.spec import DataSpec
from tuner.data.texts import MOST_BYTES
from tuner.training.prediction import Samples, read_samples

DATA = DataSpec(name="t", task="text", shape=(8,), classes=("a", "b"), mean=(), std=(), vocabulary=("good", "film"))
CONTENTS = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode()),
    st.lists(st.sampled_from(["good", "film", "", " ", "\0", "\r", "\u2028", "\ufeff", "<a", "\U0010ffff"])).map(
        lambda words: "\n".join(words).encode()
    ),
    st.sampled_from([b"", b"\n \n", "good".encode("utf-16"), b"good\n\xff", ("a" + "\u0301\u0316" * 99_999).encode()]),
    st.sampled_from([b"x" * (MOST_BYTES + 1), b"<" * 300_000, b"'" * 300_000, b"x'" * 300_000, b"\n" * 300_000]),
)


def attempt(content: bytes, folder: Path) -> End:
    """A file of `tuner predict`."""
    file = folder / "texts.txt"
    file.write_bytes(content)
    read: list[Samples] = []
    if refused(lambda: read.append(read_samples(DATA, [str(file)])), str(file)):
        return End.REFUSED
    [samples] = read
    lines = content.decode().split("\n")
    assert samples.names == [f"{file}:{number}" for number, line in enumerate(lines, 1) if line.strip()]
    assert samples.inputs.shape == (len(samples.names), 8)
    return End.ACCEPTED


KINDS = [Kind("files of texts", CONTENTS, attempt, 200)]
