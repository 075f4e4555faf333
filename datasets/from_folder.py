"""Your own images: a folder with a folder of images for each class.

PATH/CLASS/IMAGE, or PATH/train/CLASS/IMAGE with PATH/test and PATH/val if they exist, by these and the other usual
names in any case; or images and a table of their classes. Where no images are given for them, a test split of 20 % and
a validation split of 20 % of the rest are held out. --group keeps images together by their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError, check_name, printable
from tuner.core.files import slug
from tuner.data.image_files import Header, read_header
from tuner.data.image_levels import SHARES, find_levels
from tuner.data.image_sizes import LIMITS, shape_for, size_findings
from tuner.data.pixels import WHITE, Change, Depth, Levels
from tuner.data.spec import DataSpec, Split, Splits, moments

from ._cache import cached
from ._class_names import names_notes
from ._division import Divided, divide, to_splits
from ._folder_layout import add_test, find_layout
from ._folder_walk import Folders
from ._ground import choose_ground
from ._group_files import Files, GroupedFiles, group_files
from ._images import Findings, Labelled, read_split
from ._layout import PARTS, Layout
from ._own import TEST_SHARE, VALIDATION_SHARE
from ._skipped import counted, relative
from ._twins import same_notes


def load(path: Path, *, test: str | None = None, group: str | None = None) -> Splits:
    """The splits; inputs are uint8 (samples, *spec.shape), grey if all images are grey.

    The only augmentation is shifting: a mirrored or rotated digit or letter may be a different one, or none.

    Args:
        path: the folder.
        test: the path of the test split, a folder with a folder of images for each class.
        group: a regular expression for the paths of images below the folder of their class, or the word `subfolder`:
            images with the same match are in the same split.

    Raises:
        TunerError: the folder is missing, has fewer than two classes, a class has too few images, or it is laid out for
            another task.
    """
    folder = path.expanduser().resolve()
    layout = find_layout(folder, grouped=group is not None)
    if test:
        add_test(layout, Path(test), folder, grouped=group is not None)
    classes = _classes(folder, layout)
    files = {part: _labelled(layout.parts[part], classes) for part in PARTS if part in layout.parts}
    grouped = group_files(files, classes, group, layout.root, f"folder:{folder}") if group else None
    files = grouped.files if grouped else files
    every = [file.path for part in files.values() for file in part]
    name = f"folder_{slug(folder.name)}"
    options = DataOptions(test=test, group=group)
    recipe = (sorted(files), LIMITS, TEST_SHARE, VALIDATION_SHARE, SHARES, *options.words())
    reading = _Reading(layout.root, name, classes, options, grouped)
    splits = cached(name, folder, [*every, *layout.tables], recipe, lambda: _read(reading, files))
    named = () if layout.tables else names_notes([folder, layout.root], classes, folder)
    lines = (*layout.notes, *(grouped.notes if grouped else ()), *named)
    return replace(splits, notes=(*lines, *splits.notes, *layout.skipped.notes(layout.root)))


@dataclass(frozen=True)
class _Reading:
    """What is read, and how it is divided."""

    root: Path
    name: str
    classes: tuple[str, ...]
    options: DataOptions
    grouped: GroupedFiles | None

    @property
    def source(self) -> str:
        return f"folder:{self.root}"

    def divide(self, files: Files) -> Divided:
        """The three splits, whose inputs are indices into the files that they are taken from."""
        rows = {
            part: Split(torch.arange(len(of_part)), torch.tensor([file.target for file in of_part], dtype=torch.int64))
            for part, of_part in files.items()
        }
        by = self.grouped.grouping(files) if self.grouped else None
        return divide(rows, self.classes, self.source, by=by, test=self.options.test or "")


def _classes(folder: Path, layout: Layout) -> tuple[str, ...]:
    parts = layout.parts
    classes = tuple(sorted(parts["train"]))
    if len(classes) < 2:
        if not classes and (texts := layout.skipped.texts()):
            raise TunerError(
                f"folder:{folder}: holds {texts} and no image: write text:{folder} for texts in folders of their "
                "classes, text:PATH --text COLUMN for texts in a table"
            )
        has = f"images of {printable(classes[0])} only" if classes else "none"
        has = " and ".join([has, *layout.skipped.notes(layout.root)[:1]])
        raise TunerError(f"folder:{folder}: needs a folder of images for each of two or more classes, but has {has}")
    for name in classes:
        check_name(name, f"folder:{folder}: the class")
    for part, folders in parts.items():
        strange = sorted(set(folders) - set(classes))
        if strange:
            raise TunerError(
                f"folder:{folder}: the class {printable(strange[0])} is in {part}, but not in train: add images of it "
                f"to train, or remove it from {part}"
            )
    return classes


def _labelled(folders: Folders, classes: Sequence[str]) -> list[Labelled]:
    return [Labelled(path, target) for target, name in enumerate(classes) for path in folders.get(name, ())]


def _read(reading: _Reading, files: Files) -> Splits:
    root, classes = reading.root, reading.classes
    headers = {file: header for file in files["train"] if (header := read_header(file.path)) is not None}
    shape = shape_for(list(headers.values()))
    levels = _levels(reading, {**files, "train": list(headers)}, headers)
    given, kept, findings = _read_parts(files, shape, root, levels, WHITE)
    divided = reading.divide(kept)
    training = [kept["train"][row].path for row in divided.parts["train"].inputs.tolist()]
    changed = {change: [file.path for file in of_change] for change, of_change in findings.changed.items()}
    ground, why = choose_ground(training, changed, shape, levels)
    if ground != WHITE:
        given, kept, findings = _read_parts(files, shape, root, levels, ground)
    splits, of_splits = {}, {}
    for part, (chosen, targets) in divided.parts.items():
        origin = part if part in given else "train"
        whole = len(chosen) == len(given[origin].targets)
        splits[part] = given[origin] if whole else Split(given[origin].inputs[chosen], targets)
        of_splits[part] = [kept[origin][row] for row in chosen.tolist()]
    mean, std = moments(splits["train"].inputs)
    spec = DataSpec(
        name=reading.name,
        task="image",
        shape=shape,
        classes=classes,
        mean=mean,
        std=std,
        augment=("crop",),
        levels=levels,
        ground=ground,
    )
    notes = (
        *divided.notes,
        *why,
        *findings.notes(root, levels),
        *_size_notes(headers, shape, root),
        *_mixed_note(findings, [file for of_part in kept.values() for file in of_part], classes),
        *same_notes(splits, of_splits, root),
    )
    return to_splits(spec, splits, divided, notes)


def _read_parts(
    files: Files, shape: tuple[int, ...], root: Path, levels: Levels, ground: int
) -> tuple[dict[str, Split], Files, Findings]:
    """Each part that is given, the files that could be read, and what was come across."""
    findings = Findings()
    given: dict[str, Split] = {}
    kept: Files = {}
    for part, of_part in files.items():
        given[part], kept[part], found = read_split(of_part, shape, root, levels, ground)
        findings.add(found)
    return given, kept, findings


def _levels(reading: _Reading, files: Files, headers: Mapping[Labelled, Header]) -> Levels:
    """The range of values beyond 8 bits in what will be the training split, but for broken files."""
    if all(header.depth is Depth.BYTES for header in headers.values()):
        return ()
    training = [files["train"][row] for row in reading.divide(files).parts["train"].inputs.tolist()]
    return find_levels([file.path for file in training], [headers[file].depth for file in training], reading.source)


def _mixed_note(findings: Findings, kept: Sequence[Labelled], classes: Sequence[str]) -> tuple[str, ...]:
    """The note on a mix of images of 8 bits and of more, which may give a class away."""
    scaled = findings.changed.get(Change.SCALED, [])
    if not scaled or len(scaled) == len(kept):
        return ()
    of_8 = set(kept) - set(scaled)
    with_more, with_8 = ({file.target for file in files} for files in (scaled, of_8))
    line = f"the other {counted('{images}', len(of_8))} of 8 bits read as they are"
    if with_more.isdisjoint(with_8):
        line += (
            f": they are of '{classes[min(with_8)]}' and never of '{classes[min(with_more)]}', so a model may tell the "
            "files apart and not what they show: save all in one format"
        )
    return (line,)


def _size_notes(headers: Mapping[Labelled, Header], shape: tuple[int, ...], root: Path) -> Iterator[str]:
    """A line for each way in which training images differ by much from the size that all of them get."""
    examples: dict[str, list[str]] = {}
    for file, header in headers.items():
        for what, numbers in size_findings(header, shape):
            examples.setdefault(what, []).append(f"{relative(file.path, root)} ({numbers})")
    for what, found in examples.items():
        yield f"{len(found)} of {counted('{images}', len(headers))}: {what}; such as {found[0]}"
