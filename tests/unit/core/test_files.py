"""Where things lie, and writing them whole."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO

import pytest

from tuner.core.errors import TunerError
from tuner.core.files import data_root, make_folder, slug, tuner_home, write_atomic


@pytest.mark.parametrize(("function", "variable"), [(tuner_home, "TUNER_HOME"), (data_root, "TUNER_DATA")])
class TestAFolder:
    def test_is_where_the_variable_says(
        self, function: object, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        assert callable(function)
        monkeypatch.setenv(variable, "some/where")
        assert function() == tmp_path / "some" / "where"
        monkeypatch.setenv(variable, str(tmp_path / "else"))
        assert function() == tmp_path / "else"

    def test_is_somewhere_absolute_where_the_variable_says_nothing_and_is_not_made(
        self, function: object, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        assert callable(function)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.delenv(variable, raising=False)
        unset = function()
        monkeypatch.setenv(variable, "")
        assert function() == unset
        assert unset.is_absolute()
        assert not unset.exists()


def test_the_home_is_the_folder_runs_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TUNER_HOME")
    assert tuner_home() == tmp_path / "runs"


def test_a_folder_is_made_with_its_parents_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b c"
    assert make_folder(folder) == folder
    assert make_folder(folder) == folder
    assert not any(folder.iterdir())


@pytest.mark.parametrize(("path", "reason"), [("file", "File exists"), ("file/below", "Not a directory")])
def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(tmp_path: Path, path: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TunerError) as caught:
        make_folder(tmp_path / path)
    assert str(caught.value) == f"cannot write to the folder {tmp_path / path}: {reason}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(TunerError, match="Permission denied"):
        make_folder(tmp_path)


def test_a_file_is_written_with_its_folder_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    for content in (b"long old content", b"new"):
        write_atomic(path, lambda file, content=content: file.write(content))  # type: ignore[misc]
        assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), SystemExit()])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_crash_while_writing_leaves_the_old_file_or_none(
    tmp_path: Path, error: BaseException, old: bytes | None
) -> None:
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)

    def half(file: IO[bytes]) -> None:
        file.write(b"half of it")
        file.flush()
        raise error

    with pytest.raises(type(error)):
        write_atomic(path, half)
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == ([] if old is None else [old])


def test_until_all_is_written_readers_see_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    seen: list[bytes] = []

    def write(file: IO[bytes]) -> None:
        file.write(b"new")
        file.flush()
        seen.append(path.read_bytes())

    write_atomic(path, write)
    assert (seen, path.read_bytes()) == ([b"old"], b"new")


def test_the_new_file_is_on_the_disk_before_it_takes_the_olds_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    at_sync: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: at_sync.append(path.read_bytes()))
    write_atomic(path, lambda file: file.write(b"new"))
    assert at_sync == [b"old"]


def test_names_in_other_alphabets_stay_apart() -> None:
    names = [slug(text) for text in ("成績", "売上", "Оценки", "Größe", "Grosse", "café", "cafe", "My Photos (2)")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z0-9_]+", name) for name in names)
    assert (names[-2:], slug("cafe\u0301")) == (["cafe", "my_photos_2"], slug("café"))  # macOS takes letters apart
