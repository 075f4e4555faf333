"""Reads samples to predict from files, folders, patterns or standard input, in batches of limited memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.training.sample_batches import Reading, Samples
from tuner.training.sample_files import FileFinder, SampleFile
from tuner.training.sample_notes import Notes

Read = Callable[[Reading, Sequence[SampleFile]], Iterator[Samples]]


class SampleReader:
    """The samples of files. What cannot be read is left out, and listed in `broken`."""

    def __init__(self, data: DataSpec, files: Sequence[str], texts: Sequence[str] = ()) -> None:
        """`files` are paths of files or folders, patterns, or `-` for standard input; `texts` are samples themselves.

        Raises:
            TunerError: the model takes no texts.
        """
        if texts and data.task != "text":
            raise TunerError(f"--text: {data.name} is {data.task} data: name files of samples")
        self._files, self._texts = files, texts
        self._noun, self._read, self._fits = _reader(data)
        self._reading = Reading(data, Notes(self._noun), [])
        self._answered = 0

    def __iter__(self) -> Iterator[Samples]:
        """Batches in the order of the files.

        Raises:
            TunerError: there is nothing that can be read.
        """
        data, notes, broken = self._reading.data, self._reading.notes, self._reading.broken
        finder = FileFinder(self._noun, self._fits, data.classes, notes)
        files = finder.find(self._files)
        broken += finder.missing
        for samples in chain(self._given(), self._read(self._reading, files)):
            for name, found in zip(samples.names, samples.notes, strict=True):
                notes.add(name, found)
            self._answered += len(samples.names)
            yield samples
        if not self._answered:
            more = f" (and {len(broken) - 1:,} more)" if broken[1:] else ""
            advice = "name at least one file, or give --text" if data.task == "text" else "name at least one file"
            raise TunerError(f"{broken[0]}{more}" if broken else advice)

    def _given(self) -> Iterator[Samples]:
        if self._texts:
            from tuner.training.sample_texts import given_texts  # noqa: PLC0415 - as in _reader

            yield given_texts(self._reading, self._texts)

    @property
    def broken(self) -> list[str]:
        """A line for each file, line or row that was left out, beginning with its place."""
        return self._reading.broken

    def notes(self) -> list[str]:
        """A line for each kind of note on what was read."""
        return self._reading.notes.lines(self._answered)


def _reader(data: DataSpec) -> tuple[str, Read, Callable[[Path], bool]]:
    """What a sample is called, the function that reads such samples, and which files of a folder hold some."""
    if data.task == "image":
        from tuner.training.sample_images import is_image, read_image_files  # noqa: PLC0415 - each needs its libraries

        return "image", read_image_files, is_image
    if data.task == "text":
        from tuner.training.sample_texts import is_text, read_text_files  # noqa: PLC0415

        return "text", read_text_files, is_text
    from tuner.data.table_formats import is_table  # noqa: PLC0415
    from tuner.training.sample_rows import read_table_files  # noqa: PLC0415

    return "row", read_table_files, is_table
