"""Which files the FILE arguments of `tuner predict` mean: files, folders with all that is in them, and patterns."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.core.files import is_file, is_folder
from tuner.core.shorten import first_names
from tuner.training.sample_notes import MOST_NAMED, Note, Notes
from tuner.training.true_classes import ClassNames

STDIN = "-"


@dataclass(frozen=True)
class SampleFile:
    """A file of samples, or standard input."""

    name: str
    """As it is shown, and opened; `-` is standard input."""
    truth: str | None = None
    """The class that the name of its folder gives, if it was found in a folder."""


class FileFinder:
    """Finds the files of arguments, in their order; those of a folder sorted by name."""

    def __init__(self, noun: str, fits: Callable[[Path], bool], classes: Sequence[str], notes: Notes) -> None:
        """`fits` says by its name which file of a folder is taken; `notes` gets what was passed over there."""
        self._noun = noun
        self._fits = fits
        self._classes = ClassNames(classes)
        self._notes = notes
        self.missing: list[str] = []
        """A line for each argument that gives no file."""

    def find(self, arguments: Sequence[str]) -> list[SampleFile]:
        """All files. A name that is no pattern is taken as it is, whether there is such a file or not."""
        return [file for argument in arguments for file in self._expand(argument)]

    def _expand(self, argument: str) -> list[SampleFile]:
        if not argument:
            self.missing.append("'': an empty name is no file")
            return []
        if argument != STDIN and is_folder(Path(argument)):
            return self._in_folder(argument)
        if argument == STDIN or is_file(Path(argument)) or not glob.has_magic(argument):
            return [SampleFile(argument)]
        return self._matching(argument)

    def _matching(self, pattern: str) -> list[SampleFile]:
        """The files that match, as the shell would give them; `**` gives what is in a folder besides the folder."""
        matches = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        paths = sorted({path.rstrip("/") for path in matches})
        if not paths:
            self.missing.append(f"{pattern}: no file matches this pattern")
        folders = tuple(f"{path}/" for path in paths if is_folder(Path(path)))
        found = []
        for path in paths:
            if not path.startswith(folders):
                found += self._in_folder(path) if f"{path}/" in folders else [SampleFile(path)]
        return found

    def _in_folder(self, folder: str) -> list[SampleFile]:
        passed: list[Path] = []
        try:
            found = list(self._walk(Path(folder), self._classes.find(Path(folder).resolve().name), passed, ()))
        except OSError as error:
            self.missing.append(f"{error.filename}: {error.strerror}")
            return []
        others = ", ".join(f"{count} {ending}" for ending, count in _endings(passed))
        if not found:
            has = f"it has {others}" if others else "it is empty"
            self.missing.append(f"{folder}: no file in it can be read as {self._noun}s: {has}")
        elif others:
            self._notes.add_file(folder, Note("files that are not read", f"{others}, such as {passed[0]}"))
        unknown = sorted({Path(file.name).parent.name for file in found if Path(file.name).parent != Path(folder)})
        if len(unknown) > 1 and not any(file.truth for file in found):
            kind = "no folder in it has the name of a class of the model, so that there is no accuracy"
            self._notes.add_file(folder, Note(kind, first_names(unknown, MOST_NAMED)))
        if any(file.truth for file in found) and not all(file.truth for file in found):
            example = next(file.name for file in found if not file.truth)
            count = sum(not file.truth for file in found)
            kind = "files in no folder of a class, which are left out of the accuracy"
            self._notes.add_file(folder, Note(kind, f"{count}, such as {example}"))
        return found

    def _walk(
        self, folder: Path, truth: str | None, passed: list[Path], above: tuple[Path, ...]
    ) -> Iterator[SampleFile]:
        """The files below a folder; a link to a folder above is not followed. Hidden ones are passed over silently."""
        above = (*above, folder.resolve())
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith("."):
                continue
            if is_folder(entry):
                if entry.resolve() not in above:
                    yield from self._walk(entry, self._classes.find(entry.name) or truth, passed, above)
            elif self._fits(entry):
                yield SampleFile(str(entry), truth)
            else:
                passed.append(entry)


def _endings(files: Sequence[Path]) -> list[tuple[str, int]]:
    return Counter(file.suffix.lower() or "without an ending" for file in files).most_common(5)
