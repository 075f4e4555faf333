"""Reads samples to predict from files, folders, patterns or standard input, in batches of limited memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.training.sample_batches import Reading, Samples
from tuner.training.sample_files import FileFinder, SampleFile
from tuner.training.sample_notes import Notes

Read = Callable[[Reading, Sequence[SampleFile]], Iterator[Samples]]


class SampleReader:
    """The samples of files. What cannot be read is left out, and listed in `broken`."""

    def __init__(self, data: DataSpec, files: Sequence[str]) -> None:
        """`files` are paths of files or folders, patterns, or `-` for standard input."""
        self._files = files
        self._noun, self._read, self._endings = _reader(data)
        self._reading = Reading(data, Notes(self._noun), [])
        self._answered = 0

    def __iter__(self) -> Iterator[Samples]:
        """Batches in the order of the files.

        Raises:
            TunerError: there is nothing that can be read.
        """
        data, notes, broken = self._reading.data, self._reading.notes, self._reading.broken
        finder = FileFinder(self._endings, data.classes, notes)
        files = finder.find(self._files)
        broken += finder.missing
        for samples in self._read(self._reading, files):
            for name, found in zip(samples.names, samples.notes, strict=True):
                notes.add(name, found)
            self._answered += len(samples.names)
            yield samples
        if not self._answered:
            more = f" (and {len(broken) - 1:,} more like this)" if broken[1:] else ""
            raise TunerError(f"{broken[0]}{more}" if broken else "name at least one file")

    @property
    def broken(self) -> list[str]:
        """A line for each file, line or row that was left out, beginning with its place."""
        return self._reading.broken

    def notes(self) -> list[str]:
        """A line for each kind of note on what was read."""
        return self._reading.notes.lines(self._answered)


def _reader(data: DataSpec) -> tuple[str, Read, tuple[str, ...]]:
    """What a sample is called, the function that reads such samples, and which endings it takes from folders."""
    if data.task == "image":
        from tuner.training import sample_images  # noqa: PLC0415 - each kind of data needs a library of its own

        return "image", sample_images.read_image_files, sample_images.ENDINGS
    if data.task == "text":
        from tuner.training import sample_texts  # noqa: PLC0415

        return "text", sample_texts.read_text_files, sample_texts.ENDINGS
    from tuner.training import sample_rows  # noqa: PLC0415

    return "row", sample_rows.read_table_files, sample_rows.ENDINGS
