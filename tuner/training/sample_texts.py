"""Reads texts to predict: one a line, or a column of a table: the one that the model was trained on, or `text`."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import IO

from tuner.core.errors import TunerError
from tuner.core.shorten import shorten
from tuner.data.encoding import TEXT, to_inputs
from tuner.data.spec import DataSpec
from tuner.data.tables import read_table
from tuner.data.texts import MOST_BYTES, has_words
from tuner.training.sample_batches import Reading, Samples
from tuner.training.sample_files import STDIN, SampleFile
from tuner.training.sample_notes import Note
from tuner.training.table_truths import true_targets
from tuner.training.training_range import far_from_training

PIECE = 1 << 16  # bytes
TABLES = (".csv", ".tsv", ".parquet", ".xlsx")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NAMED = 40  # characters of a text that stand for it

Line = tuple[str, str, str | None]
"""The number of a line, its text, and its class where the table has it."""


def is_text(path: Path) -> bool:
    """Whether a file of a folder holds texts, by its name."""
    return path.suffix.lower() in (".txt", *TABLES)


def read_text_files(reading: Reading, files: Sequence[SampleFile]) -> Iterator[Samples]:
    """Batches of the texts that can be read."""
    for file in files:
        found = _cells(reading, file.name) if file.name.lower().endswith(TABLES) else _lines(reading, file.name)
        try:
            for batch in _batches(found, reading.batch):
                yield _samples(reading.data, file, batch)
        except OSError as error:
            reading.broken.append(f"{file.name}: {error.strerror}")
        except TunerError as error:
            reading.broken.append(str(error))


def given_texts(reading: Reading, texts: Sequence[str]) -> Samples:
    """Texts that were typed; the first words of each stand for it."""
    lines = [(shorten(text, NAMED), text, None) for text in texts]
    return _samples(reading.data, SampleFile(""), lines)


def _batches(lines: Iterator[Line], most: int) -> Iterator[list[Line]]:
    batch: list[Line] = []
    characters = 0
    for line in lines:
        batch.append(line)
        characters += len(line[1])
        if len(batch) == most or characters > MOST_BYTES:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _samples(data: DataSpec, file: SampleFile, lines: Sequence[Line]) -> Samples:
    texts = [text for _, text, _ in lines]
    inputs = to_inputs(data, texts)
    far = far_from_training(data, inputs)
    notes = [of_words if has_words(text) else _no_words(text) for text, of_words in zip(texts, far, strict=True)]
    names = [f"{file.name}:{number}" if file.name else number for number, _, _ in lines]
    return Samples(names, inputs, [truth or file.truth for _, _, truth in lines], notes)


def _no_words(text: str) -> tuple[Note, ...]:
    return (Note("without a word", f"'{text[:20]}'" if text else "the cell is empty"),)


def _cells(reading: Reading, file: str) -> Iterator[Line]:
    """The cells of the column of texts, with the lines where their rows begin; empty ones are texts, too."""
    data = reading.data
    table = read_table(Path(file))
    frame = table.frame
    wanted = [name for name in (data.text, TEXT) if name]
    names = [name for name in frame.columns if name.casefold() in map(str.casefold, wanted)]
    names = [name for name in names if name == data.text] or names
    if len(names) != 1:
        has = ", ".join(f"'{name}'" for name in frame.columns)
        needs = " or ".join(f"'{name}'" for name in wanted)
        raise TunerError(
            f"{file}: needs one column {needs}, and has {has}: rename it, or write one text a line in a .txt"
        )
    for note in table.notes:
        reading.notes.add_file(file, Note(note))
    reading.broken.extend(f"{file}:{row.line}: {row.reason}" for row in table.bad)
    truths = true_targets(reading, frame, [f"{file}:{line}" for line in frame.index])
    yield from zip(map(str, frame.index), frame[names[0]].tolist(), truths, strict=True)


def _lines(reading: Reading, file: str) -> Iterator[Line]:
    """The lines that are not blank, with their numbers."""
    texts = blank = first = 0
    broken = len(reading.broken)
    with nullcontext(sys.stdin.buffer) if file == STDIN else Path(file).open("rb") as opened:
        for number, line in enumerate(_raw_lines(opened), start=1):
            if number == 1 and line.startswith(_UTF16):
                raise TunerError(f"{file}: UTF-16 text: save it as UTF-8")
            if len(line) > MOST_BYTES:
                reading.broken.append(f"{file}:{number}: more than {MOST_BYTES:,} bytes: write one sample a line")
                continue
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                reading.broken.append(f"{file}:{number}: not UTF-8 text")
                continue
            if text:
                texts += 1
                yield str(number), text, None
            else:
                blank, first = blank + 1, first or number
    if not texts and len(reading.broken) == broken:
        raise TunerError(f"{file}: there is no text: write one sample per line")
    if blank:
        reading.notes.add_file(file, Note("blank lines passed over", f"{blank:,}, such as line {first}"))


def _raw_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only the beginning, so that it does not fill the memory."""
    while line := file.readline(MOST_BYTES + 1):
        ended = len(line) <= MOST_BYTES or line.endswith(b"\n")
        while not ended:
            rest = file.readline(PIECE)
            ended = not rest or rest.endswith(b"\n")
        yield line
