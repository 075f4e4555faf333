"""IMDb: the folder or the archive, its vocabulary, and reviews that occur twice."""

from __future__ import annotations

import io
import os
import tarfile
from collections import Counter
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
import torch
from support.dataset_files import IMDB_ARCHIVE, Server, load, pack, parts, refusal, serve, write_small

from tuner.core import catalog
from tuner.data.spec import Splits
from tuner.data.texts import tokenise

REAL = os.environ.get("TUNER_DATA")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_small("imdb", tmp_path, monkeypatch)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path / "web") as running:
        yield running


@pytest.fixture
def archive(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive that the web site has, in place of the folder."""
    path = root / IMDB_ARCHIVE
    monkeypatch.setattr(catalog.load("datasets", "imdb"), "MD5", pack(root / "aclImdb", path))
    return path


def words(splits: Splits, tokens: torch.Tensor) -> list[str]:
    return [splits.spec.vocabulary[token - 2] if token > 1 else "?" for token in tokens.tolist() if token]


def same(one: Splits, other: Splits) -> bool:
    pairs = zip(parts(one), parts(other), strict=True)
    return one.spec == other.spec and all(torch.equal(a, b) for pair in pairs for a, b in zip(*pair, strict=True))


def test_keeps_reviews_and_classes_together(root: Path) -> None:
    splits = load("imdb", root)
    assert [len(part.targets) for part in parts(splits)] == [72, 8, 80]
    assert splits.spec.classes == ("negative", "positive")
    for part in parts(splits):
        for tokens, target in zip(*part, strict=True):
            assert words(splits, tokens)[:2] == [["awful", "great"][int(target)], "film"]


class TestFilms:
    @pytest.fixture
    def listed(self, root: Path) -> Path:
        """Ten films of four reviews of each class, as the lists of the archive have them."""
        for label in ("neg", "pos"):
            lines = [f"http://www.imdb.com/title/tt{100 + number // 4:07}/usercomments" for number in range(40)]
            (root / "aclImdb" / "train" / f"urls_{label}.txt").write_text("\n".join(lines) + "\n")
            for number in range(40):
                place = root / "aclImdb" / "train" / label / f"{number}_{9 if label == 'pos' else 2}.txt"
                place.write_text(f"{place.read_text()} movie{number // 4} movie{number // 4}")
        return root

    def test_no_film_is_trained_and_validated_on(self, listed: Path) -> None:
        splits = load("imdb", listed)
        sides = []
        for part in (splits.train, splits.validation):
            sides.append({word for tokens in part.inputs for word in words(splits, tokens) if word.startswith("movie")})
        assert splits.record is not None
        assert [splits.record.parts[part].groups for part in ("train", "validation", "test")] == [9, 1, None]
        assert len(sides[0]) == 9
        assert not sides[0] & sides[1]
        assert splits.notes == ()

    def test_the_archive_has_the_same_lists(self, listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first, path = load("imdb", listed), listed / IMDB_ARCHIVE
        monkeypatch.setattr(catalog.load("datasets", "imdb"), "MD5", pack(listed / "aclImdb", path))
        again = load("imdb", listed)
        assert same(first, again)
        assert again.record == first.record

    def test_films_with_a_common_review_stay_together(self, listed: Path) -> None:
        folder = listed / "aclImdb" / "train" / "pos"
        for number in range(0, 20, 4):  # of five films
            (folder / f"{number}_9.txt").write_text("the same review of all films")
        record = load("imdb", listed).record
        assert record is not None
        assert sum(record.parts[part].groups or 0 for part in ("train", "validation")) == 6

    def test_without_the_lists_it_is_told(self, root: Path) -> None:
        assert "train/urls_neg.txt and train/urls_pos.txt, are not there" in load("imdb", root).notes[0]


def test_the_order_of_the_test_split_is_that_of_the_files(root: Path) -> None:
    splits = load("imdb", root)
    files = [file for label in ("neg", "pos") for file in sorted((root / "aclImdb" / "test" / label).iterdir())]
    for tokens, file in zip(splits.test.inputs, files, strict=True):
        known = [word if word in splits.spec.vocabulary else "?" for word in tokenise(file.read_text())]
        assert words(splits, tokens) == known


def test_the_vocabulary_is_that_of_the_training_split_alone(root: Path) -> None:
    (root / "aclImdb" / "test" / "neg" / "0_2.txt").write_text("testword " * 500)
    files = list((root / "aclImdb" / "train").rglob("*.txt"))
    for number, path in enumerate(files):
        path.write_text(f"{path.read_text()} own{number}")
    splits = load("imdb", root)
    counts = Counter(word for tokens in splits.train.inputs for word in words(splits, tokens))
    assert "?" not in counts
    assert list(splits.spec.vocabulary) == sorted(counts, key=lambda word: (-counts[word], word))
    assert "testword" not in counts
    assert len([word for word in counts if word.startswith("own")]) == 72


def test_the_vocabulary_ends_at_its_size(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog.load("datasets", "imdb"), "WORDS", 50)
    splits = load("imdb", root)
    assert len(splits.spec.vocabulary) == 50
    assert int(splits.train.inputs.max()) == 51


def test_reviews_that_occur_twice_are_in_the_training_split(root: Path) -> None:
    folder = root / "aclImdb" / "train" / "pos"
    for number in range(40):
        text = (folder / f"{number}_9.txt").read_text()
        (folder / f"{number + 100}_9.txt").write_text(text.upper() if number % 2 else f" {text}")
    train, validation, _ = parts(load("imdb", root))
    assert len(train.targets) + len(validation.targets) == 120
    assert 0 < len(validation.targets) < 12
    assert not {row.numpy().tobytes() for row in train.inputs} & {row.numpy().tobytes() for row in validation.inputs}


def test_reads_an_archive_as_it_reads_the_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load("imdb", root)
    path = root / IMDB_ARCHIVE
    monkeypatch.setattr(catalog.load("datasets", "imdb"), "MD5", pack(root / "aclImdb", path))
    for _ in range(2):
        assert same(load("imdb", root), expected)
    assert list(root.iterdir()) == [path]


def test_an_archive_is_used_when_the_folder_lacks_a_part(root: Path, archive: Path) -> None:
    (root / "aclImdb" / "train" / "neg").mkdir(parents=True)
    assert len(load("imdb", root).test.targets) == 80


def test_downloads_once(root: Path, archive: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.rename(server.folder / archive.name)
    monkeypatch.setattr(catalog.load("datasets", "imdb"), "URL", server.url + archive.name)
    first = load("imdb", root)
    server.folder = Path("gone")
    assert same(load("imdb", root), first)


def test_missing_says_what_to_put_where(root: Path, archive: Path) -> None:
    archive.unlink()
    message = refusal("imdb", root)
    assert message.startswith(f"imdb is not in {root} and could not be downloaded (<urlopen error ")
    for expected in ("aclImdb", "train/neg", "test/pos", f"{IMDB_ARCHIVE} into {root}", "TUNER_DATA"):
        assert expected in message


def test_a_broken_archive_is_named(root: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[:-100])
    assert refusal("imdb", root).startswith(f"cannot use {archive} (its md5 is ")
    for broken in (content[:-100], b"no archive"):
        archive.write_bytes(broken)
        monkeypatch.setattr(catalog.load("datasets", "imdb"), "MD5", md5(broken).hexdigest())
        assert refusal("imdb", root).startswith(f"cannot use {archive} (")


def test_an_archive_without_reviews_is_named_and_nothing_is_unpacked(
    root: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("../escaped.txt", "aclImdb/train/neg/../../../../escaped.txt", "aclImdb/train/unsup/0_0.txt"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    monkeypatch.setattr(catalog.load("datasets", "imdb"), "MD5", md5(archive.read_bytes()).hexdigest())
    assert refusal("imdb", root).startswith(f"cannot use {archive} (it has no aclImdb/train/neg/*.txt)")
    assert not list(root.parent.rglob("escaped*"))


def test_a_review_that_is_not_utf8_is_named(root: Path) -> None:
    path = root / "aclImdb" / "train" / "pos" / "7_9.txt"
    path.write_bytes(b"caf\xe9")
    assert refusal("imdb", root).startswith(f"cannot use {path} ('utf-8' codec can't decode byte 0xe9")


@pytest.mark.realdata
@pytest.mark.skipif(REAL is None, reason="TUNER_DATA names no folder with the real sets")
def test_the_real_set_has_its_official_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path))
    splits = load("imdb", Path(REAL or ""))
    train, validation, test = parts(splits)
    assert len(train.targets) + len(validation.targets) == 25_000
    assert 2_400 < len(validation.targets) <= 2_500
    assert torch.bincount(test.targets).tolist() == [12_500, 12_500]
    assert len(splits.spec.vocabulary) == 10_000
    assert splits.spec.vocabulary[:3] == ("the", "and", "a")
    whole = (test.inputs[:, -1] == 0).float().mean()
    unknown = (test.inputs == 1).sum() / (test.inputs > 0).sum()
    assert 0.9 < float(whole) < 0.95
    assert 0.04 < float(unknown) < 0.08
    assert not {row.numpy().tobytes() for row in train.inputs} & {row.numpy().tobytes() for row in validation.inputs}
