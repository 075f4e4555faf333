"""Texts to predict, a line each: of any bytes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from faults.hostile.ends import End, Kind, refused
from tuner.data.spec import DataSpec
from tuner.data.texts import MOST_BYTES
from tuner.training.samples import SampleReader

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
    reader = SampleReader(DATA, [str(file)])
    names: list[str] = []
    if refused(lambda: names.extend(name for samples in reader for name in samples.names), str(file)):
        return End.REFUSED
    lines = enumerate(content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").split("\n"), 1)
    left_out = [f"{file}:{reason.removeprefix(f'{file}:').split(':')[0]}" for reason in reader.broken]
    assert sorted(names + left_out) == sorted(f"{file}:{number}" for number, line in lines if line.strip())
    return End.SKIPPED if left_out else End.ACCEPTED


KINDS = [Kind("files of texts", CONTENTS, attempt, 200)]
