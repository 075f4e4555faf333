"""IMDb: 50,000 film reviews, positive or negative, with an official split in halves (Maas et al. 2011).

A. L. Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011. No film is in both halves. Read from the
folder aclImdb or straight from its archive, so that nothing has to be unpacked into 50,000 files.
"""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from tuner.core.errors import one_line
from tuner.data.spec import DataSpec, Split, Splits, stratified
from tuner.data.texts import MOST_BYTES, encode_texts, make_vocabulary

from ._cache import cached
from ._files import NotDownloadedError, fetch, missing, unusable
from ._films import NO_FILMS, film_record, films_of, hold_out_films

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
FOLDER = "aclImdb"
FOUND_AT = (f"{FOLDER}/test/pos", PurePosixPath(URL).name)
CLASSES = ("negative", "positive")
FOLDERS = ("neg", "pos")  # of the classes, in their order
WORDS = 10_000
STEPS = 512  # words: 92 % of the reviews fit; 256 would fit 71 %, 1,024 nearly all but with twice the memory
VALIDATION_SHARE = 0.1

Reviews = dict[str, dict[str, str]]  # by part, such as "train/neg": the texts by the names of their files, sorted
Urls = dict[str, str]  # by folder the list of films, see _films


def load(root: Path) -> Splits:
    """The splits (about 22,510, 2,490 and 25,000); inputs are int16 (samples, 512) tokens. Downloads 84 MB if need be.

    Reviews of one film are on one side, where the lists of films are there, as they are in the archive. 123 texts of
    the official test split are also in the training split. They are left there, as is usual.

    Raises:
        TunerError: `root` lacks the reviews and they cannot be downloaded, or a file is broken.
    """
    recipe = (WORDS, STEPS, VALIDATION_SHARE, "films")
    folder, archive = root / FOLDER, root / PurePosixPath(URL).name
    files = {part: sorted((folder / part).glob("*.txt"), key=lambda file: file.name) for part in _parts()}
    if all(files.values()):
        lists = {name: folder / _list(name) for name in FOLDERS if (folder / _list(name)).is_file()}
        every = [*(file for part in files.values() for file in part), *lists.values()]
        urls = {name: _read(path) for name, path in lists.items()}
        return cached("imdb", folder, every, recipe, lambda: _splits(_from_folder(files), urls))
    if not archive.is_file():
        _fetch(archive)
    return cached("imdb", archive, [archive], recipe, lambda: _splits(*_from_archive(archive)))


def _parts() -> list[str]:
    return [f"{split}/{folder}" for split in ("train", "test") for folder in FOLDERS]


def _list(folder: str) -> str:
    return f"train/urls_{folder}.txt"


def _fetch(archive: Path) -> None:
    try:
        fetch(archive, [URL], MD5)
    except NotDownloadedError as error:
        root = archive.parent
        files = f"the folder {FOLDER} (with {', '.join(_parts())}) or {archive.name} into {root}"
        raise missing("imdb", root, files, error) from None


def _from_folder(files: dict[str, list[Path]]) -> Reviews:
    return {part: {path.name: _read(path) for path in paths} for part, paths in files.items()}


def _from_archive(archive: Path) -> tuple[Reviews, Urls]:
    _fetch(archive)  # it may exist and be broken
    found: Reviews = {part: {} for part in _parts()}
    lists, urls = {_list(name): name for name in FOLDERS}, Urls()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                part, place = (str(each).removeprefix(f"{FOLDER}/") for each in (path.parent, path))
                review = part in found and path.suffix == ".txt"
                wanted = member.isreg() and (review or place in lists)  # a link may lead elsewhere
                file = tar.extractfile(member) if wanted else None
                if file and place in lists:
                    urls[lists[place]] = _text(archive / path, file.read(MOST_BYTES + 1))
                elif file:
                    found[part][path.name] = _text(archive / path, file.read(MOST_BYTES + 1))
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise unusable(archive, one_line(error)) from None
    for part, texts in found.items():
        if not texts:
            raise unusable(archive, f"it has no {FOLDER}/{part}/*.txt")
    return {part: {name: texts[name] for name in sorted(texts)} for part, texts in found.items()}, urls


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _text(path, file.read(MOST_BYTES + 1))
    except OSError as error:
        raise unusable(path, error.strerror or one_line(error)) from None


def _text(path: Path, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise unusable(path, f"it has more than {MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise unusable(path, one_line(error)) from None


def _splits(reviews: Reviews, urls: Urls) -> Splits:
    texts, targets = _labelled(reviews, "train")
    groups = None
    if set(urls) == set(FOLDERS):
        films = [film for name in FOLDERS for film in films_of(list(reviews[f"train/{name}"]), urls[name])]
        groups, rest, held = hold_out_films(films, texts, targets, VALIDATION_SHARE)
    else:
        rest, held = stratified(targets, VALIDATION_SHARE)
    vocabulary = make_vocabulary((texts[index] for index in rest.tolist()), WORDS)
    inputs = encode_texts(texts, vocabulary, STEPS)
    if groups is None:
        rest, held = _keep_twins_together(inputs, rest, held)
    test_texts, test_targets = _labelled(reviews, "test")
    test = Split(encode_texts(test_texts, vocabulary, STEPS), test_targets)
    spec = DataSpec(name="imdb", task="text", shape=(STEPS,), classes=CLASSES, mean=(), std=(), vocabulary=vocabulary)
    train, validation = (Split(inputs[chosen], targets[chosen]) for chosen in (rest, held))
    if groups is None:
        return Splits(spec, train, validation, test, (NO_FILMS,))
    record = film_record(
        {"train": train, "validation": validation, "test": test},
        {"train": groups[rest], "validation": groups[held]},
        CLASSES,
    )
    return Splits(spec, train, validation, test, groups=groups[torch.cat([rest, held])], record=record)


def _labelled(reviews: Reviews, part: str) -> tuple[list[str], Tensor]:
    groups = [reviews[f"{part}/{folder}"] for folder in FOLDERS]
    targets = torch.arange(len(groups)).repeat_interleave(torch.tensor([len(group) for group in groups]))
    return [text for group in groups for text in group.values()], targets


def _keep_twins_together(inputs: Tensor, rest: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
    """Moves held-out reviews with a copy in the training split back to it: about 100 occur twice, and would leak."""
    rows = [row.tobytes() for row in inputs.numpy()]
    known = {rows[index] for index in rest.tolist()}
    twin = torch.tensor([rows[index] in known for index in held.tolist()])
    return torch.cat([rest, held[twin]]).sort().values, held[~twin]
