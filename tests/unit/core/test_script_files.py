"""Which files of a program are kept with its sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuner.core import script_files
from tuner.core.program_request import ProgramRequest, not_sent
from tuner.core.script_files import read_script_files, unpack_files, unsent


def keys(command: str, here: Path) -> list[str]:
    kept = read_script_files(command, here)
    return sorted(kept.files) if kept else []


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name, text in {
        "train.py": "import helper\n",
        "helper.py": "import json\n",
        "other.py": "",
        "conf/base.toml": "lr = 1\n",
        "src/run.py": "import near\n",
        "src/near.py": "",
        "pack/__init__.py": "",
        "pack/__main__.py": "from pack import net\n",
        "pack/net.py": "",
        "old.py": "print 'two'\n",
        "go.sh": "echo\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python train.py --lr {lr}", ["0/helper.py", "0/train.py"]),
        ("python src/run.py --config=conf/base.toml {lr}", ["0/conf/base.toml", "0/src/near.py", "0/src/run.py"]),
        ("python -m pack --lr {lr}", ["0/pack/__init__.py", "0/pack/__main__.py", "0/pack/net.py"]),
        ("python2 old.py {lr}", ["0/old.py"]),
        ("bash go.sh {lr}", ["0/go.sh"]),
        ("./go.sh {lr}", ["0/go.sh"]),
        ("python ../x.py {train.py} /etc/passwd conf", []),
        ("echo 'open", []),
    ],
)
def test_what_the_command_names_is_kept_with_what_it_imports(here: Path, command: str, expected: list[str]) -> None:
    assert keys(command, here) == expected


def test_a_copy_lies_as_the_files_did(here: Path, tmp_path: Path) -> None:
    kept = read_script_files("python src/run.py conf/base.toml", here)
    assert kept is not None
    unpack_files(kept, tmp_path / "copy")
    copied = {str(file.relative_to(tmp_path / "copy")) for file in (tmp_path / "copy").rglob("*") if file.is_file()}
    assert copied == {"src/run.py", "src/near.py", "conf/base.toml"}
    assert (tmp_path / "copy/conf/base.toml").read_text() == "lr = 1\n"


def test_what_is_not_sent_is_known(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = "python train.py --data conf --out=new --big go.sh"
    assert unsent(command, read_script_files(command, here), here) == ["conf"]
    monkeypatch.setattr(script_files, "MOST_BYTES", 30)
    (here / "go.sh").write_text("#" * 40)
    assert not_sent(ProgramRequest.of_script(command)) == ["conf", "go.sh"]


def test_a_change_of_the_program_changes_its_digest(here: Path) -> None:
    before = ProgramRequest.of_script("python train.py {lr}").program
    (here / "helper.py").write_text("import sys\n")
    after = ProgramRequest.of_script("python train.py {lr}").program
    assert before.name == after.name == "train"
    assert before.digest != after.digest
    assert ProgramRequest.of_script("/bin/echo {lr}").program.digest == ""
