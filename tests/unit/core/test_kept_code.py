"""A user's own code: what is kept of it, how it is imported, and what is said when something is wrong with it."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tuner.core.code_files import MOST_BYTES
from tuner.core.code_import import function_of, keywords_of, load
from tuner.core.code_reference import find_code, find_in_folder
from tuner.core.code_requirements import requirements_of
from tuner.core.errors import TunerError
from tuner.core.kept_code import KeptCode, keep, read_code
from tuner.core.own_code import adopt_folder


def write(path: str, text: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def value(file: Path) -> object:
    return load(read_code(file)).VALUE


def test_keeps_only_what_is_imported_from_beside() -> None:
    write("layers/__init__.py", "")
    write("layers/blocks.py", "from .sizes import WIDTH\n")
    write("layers/sizes.py", "import common\nWIDTH = common.TWO * 3\n")
    write("common.py", "TWO = 2\n")
    write("secrets_of_mine.py", "PASSWORD = 'x'\n")
    write("layers/unused.py", "")
    write("data.bin", "x" * 100)
    file = write("my_model.py", "import os\nimport torch\nfrom layers.blocks import WIDTH\nVALUE = WIDTH\n")
    kept = keep(file, Path("kept"))
    names = ["common.py", "layers/__init__.py", "layers/blocks.py", "layers/sizes.py", "my_model.py"]
    assert list(kept.files) == [f"0/{name}" for name in names]
    assert sorted(str(p.relative_to("kept")) for p in Path("kept").rglob("*.*")) == [
        *(f"0/{name}" for name in names),
        "code.json",
    ]
    assert load(kept).VALUE == 6


@pytest.mark.parametrize(
    "statement",
    [
        "import helper\nVALUE = helper.N",
        "import helper as h\nVALUE = h.N",
        "from helper import N as VALUE",
        "from helper import *\nVALUE = N",
        "from .helper import N as VALUE",
        "from . import helper\nVALUE = helper.N",
        "def _later():\n    import helper\n    return helper.N\nVALUE = _later()",
    ],
)
def test_ways_to_import_what_is_beside(statement: str) -> None:
    write("helper.py", "N = 7\n")
    assert value(write("my_model.py", statement)) == 7
    assert "helper" not in sys.modules
    assert str(Path.cwd()) not in sys.path


@pytest.mark.parametrize(
    "statement",
    [
        "import parts.deep.end\nVALUE = parts.deep.end.N",
        "import parts.deep.end as end\nVALUE = end.N",
        "from parts.deep import end\nVALUE = end.N",
        "from parts.deep.end import N as VALUE",
        "from parts import *\nVALUE = one.N",
    ],
)
@pytest.mark.parametrize("init", ["__all__ = ['one']\nfrom . import deep\n", None], ids=["package", "folder"])
def test_packages_and_plain_folders(statement: str, init: str | None) -> None:
    if init is not None:
        write("parts/__init__.py", init)
        write("parts/deep/__init__.py", "")
    elif "*" in statement:
        pytest.skip("a folder that is no package has no names")
    write("parts/one.py", "N = 5\n")
    write("parts/deep/end.py", "N = 5\n")
    assert value(write("my_model.py", statement)) == 5


def test_file_inside_a_package() -> None:
    write("project/__init__.py", "")
    write("project/common.py", "N = 3\n")
    write("project/models/__init__.py", "")
    file = write("project/models/net.py", "from ..common import N\nfrom project.common import N as M\nVALUE = N + M\n")
    assert value(file) == 6
    reference = find_code("project.models.net:build")
    assert reference is not None
    assert (reference.file, reference.function) == (file.absolute(), "build")


def test_imports_from_where_one_types() -> None:
    write("common.py", "N = 4\n")
    write("models/common_parts.py", "M = 1\n")
    assert value(write("models/net.py", "import common, common_parts\nVALUE = common.N + common_parts.M\n")) == 5


def test_two_files_of_one_name_do_not_mix() -> None:
    for folder, number in (("a", 1), ("b", 2)):
        write(f"{folder}/helper.py", f"N = {number}\n")
        write(f"{folder}/my_model.py", "def late():\n    import helper\n    return helper.N\n")
    first, second = (load(read_code(Path(folder, "my_model.py"))) for folder in "ab")
    assert (first.late(), second.late()) == (1, 2)


@pytest.mark.parametrize("name", ["random", "tuner", "torch"])
def test_a_file_does_not_hide_the_standard_library_or_what_tuner_needs(name: str) -> None:
    write(f"{name}.py", "raise SystemExit('taken for the package')\n")
    assert value(write("my_model.py", f"import {name}\nVALUE = {name}.__file__\n")) != str(
        Path(f"{name}.py").absolute()
    )


def test_a_file_named_as_the_package_that_it_imports() -> None:
    assert value(write("rich.py", "import rich\nVALUE = rich.__name__\n")) == "rich"


def test_works_when_the_file_is_gone(tmp_path: Path) -> None:
    write("helper.py", "N = 7\n")
    file = write("my_model.py", "import helper\nVALUE = helper.N\n")
    keep(file, Path("kept"))
    file.unlink()
    Path("helper.py").unlink()
    kept = KeptCode.open(Path("kept"))
    assert kept.changed() == "my_model.py, helper.py no longer there".replace(
        "my_model.py, helper.py", "helper.py, my_model.py"
    )
    program = (
        "import pickle, sys; from tuner.core.code_import import load; print(load(pickle.load(sys.stdin.buffer)).VALUE)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], input=pickle.dumps(kept), capture_output=True, check=True
    )
    assert done.stdout == b"7\n"


def test_a_changed_file_is_said_and_has_another_digest() -> None:
    write("helper.py", "N = 7\n")
    file = write("my_model.py", "import helper\nVALUE = helper.N\n")
    before = keep(file, Path("kept"))
    assert before.changed() == ""
    write("helper.py", "N = 8\n")
    assert before.changed() == "helper.py changed since"
    after = read_code(file)
    assert after.digest != before.digest
    assert (load(before).VALUE, load(after).VALUE) == (7, 8)


def test_the_same_code_elsewhere_has_the_same_digest() -> None:
    digests = {read_code(write(f"{folder}/my_model.py", "VALUE = 1\n")).digest for folder in "ab"}
    assert len(digests) == 1


def test_a_copy_that_was_changed_is_refused() -> None:
    keep(write("my_model.py", "VALUE = 1\n"), Path("kept"))
    write("kept/0/my_model.py", "VALUE = 2\n")
    with pytest.raises(TunerError, match="the copy of the code in kept was changed"):
        KeptCode.open(Path("kept"))


def test_a_manifest_does_not_lead_out_of_its_folder() -> None:
    keep(write("my_model.py", "VALUE = 1\n"), Path("kept"))
    text = Path("kept/code.json").read_text().replace("0/my_model.py", "0/../../my_model.py")
    write(
        "kept/code.json",
        "".join(line for line in text.splitlines(True) if "checksum" not in line).replace("],\n}", "]\n}"),
    )
    with pytest.raises(TunerError, match="impossible path"):
        KeptCode.open(Path("kept"))


@pytest.mark.parametrize("old", ['"0/my_model.py"', '"entry"', '"files"', '"roots"', "my_model", "0", "["])
@pytest.mark.parametrize("new", ["1", '"9/x.py"', "{}", ""])
def test_a_damaged_manifest_is_one_line(old: str, new: str) -> None:
    keep(write("my_model.py", "VALUE = 1\n"), Path("code/kept"))
    text = re.sub(r',\s*"checksum.*', "}", Path("code/kept/code.json").read_text(), flags=re.DOTALL)
    write("code/kept/code.json", text.replace(old, new))
    with pytest.raises(TunerError, match="kept"):
        KeptCode.open(Path("code/kept"))
    adopt_folder(Path.cwd())  # what cannot be read is told when it is needed


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\ndef build(:\n", "my_model.py:2: not valid Python: invalid syntax"),
        ("x = '\0'\n", "my_model.py: not valid Python: "),
        ("# coding: nonsense\n", "my_model.py: not valid Python: unknown encoding"),
    ],
)
def test_what_is_not_python(source: str, said: str) -> None:
    with pytest.raises(TunerError, match=said.replace("(", r"\(")):
        read_code(write("my_model.py", source))


def test_an_error_in_a_file_beside_names_that_file() -> None:
    write("helper.py", "N = 1\n\nclass Broken(:\n")
    with pytest.raises(TunerError, match=r"^helper.py:3: not valid Python"):
        read_code(write("my_model.py", "import helper\n"))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "\n\nimport no_such_thing\n",
            "my_model.py:3: ModuleNotFoundError: No module named 'no_such_thing': install it",
        ),
        (
            "import importlib\nimportlib.import_module('helper')\n",
            "my_model.py:2: ModuleNotFoundError: No module named 'helper': it is beside the file, but only what import",
        ),
        ("from helper import M\n", "my_model.py:1: ImportError: cannot import name 'M' from 'helper'"),
        ("import helper\nhelper.fail()\n", "helper.py:3: ZeroDivisionError: division by zero"),
        ("from ..above import x\n", "my_model.py:1: ImportError: attempted relative import beyond top-level package"),
        ("import sys\n\nsys.exit(1)\n", "my_model.py:3: it ends Python when it is imported"),
    ],
)
def test_an_error_while_it_is_imported_has_its_line(source: str, said: str) -> None:
    write("helper.py", "N = 1\ndef fail():\n    return N / 0\n")
    with pytest.raises(TunerError) as refused:
        load(read_code(write("my_model.py", source)))
    assert str(refused.value).startswith(said)


def test_functions() -> None:
    kept = read_code(
        write(
            "my_model.py",
            "import math\ndef make(data, *, width=3, depth):\n    return width\n\ndef two(a, b):\n    pass\n",
        )
    )
    with pytest.raises(
        TunerError, match=r"^my_model.py has no function build: write def build\(data\), or name .*my_model.py:make"
    ):
        function_of(kept, "build", 1, "def build(data)")
    with pytest.raises(TunerError, match=r"^my_model.py:5: two\(a, b\) takes other arguments: give b a default value"):
        function_of(kept, "two", 1, "def build(data)")
    kept = read_code(Path("my_model.py"), "two")
    assert kept.name == "my_model_two"
    assert function_of(kept, "build", 2, "").__name__ == "two"
    assert list(keywords_of(load(kept).make, 1)) == ["width", "depth"]


def test_too_much_is_refused() -> None:
    write("large.py", f"TEXT = '{'x' * MOST_BYTES}'\n")
    with pytest.raises(TunerError, match=r"my_model.py imports more than 300 files or 3 MB"):
        read_code(write("my_model.py", "import large\n"))


def test_data_beside_the_file_is_found_while_it_is_there() -> None:
    write("numbers.txt", "42")
    file = write(
        "my_data.py", "from pathlib import Path\nVALUE = (Path(__file__).parent / 'numbers.txt').read_text()\n"
    )
    assert value(file) == "42"


@pytest.mark.parametrize("text", ["cnn", "csv:iris.csv", "folder:photos", "my-model", "upload:a/b"])
def test_what_is_no_code(text: str) -> None:
    assert find_code(text, ["csv", "folder", "upload"]) is None


@pytest.mark.parametrize("text", ["gone.py", "gone.py:build", "no_such.module:build", "json.nothing:build"])
def test_code_that_is_not_there(text: str) -> None:
    with pytest.raises(TunerError, match=r"there is no (file|module)"):
        find_code(text)


def test_installed_module_by_its_name() -> None:
    reference = find_code("json.decoder:JSONDecoder")
    assert reference is not None
    assert reference.file.name == "decoder.py"


def test_names_in_a_folder() -> None:
    write("models/net.py", "def build(data):\n    pass\n")
    write("models/other.py", "VALUE = 1\n")
    found = find_in_folder("net", "models", "build")
    assert found is not None
    assert found.file == Path("models/net.py").absolute()
    assert find_in_folder("other", "models", "build") is None
    assert find_in_folder("../net", "models", "build") is None


def test_the_packages_that_code_needs() -> None:
    write("helper.py", "import json\nimport sklearn.metrics\n")
    kept = read_code(
        write("my_model.py", "import helper, torch.nn\nfrom PIL import Image\nfrom tuner.data import spec\n")
    )
    assert [each.partition("==")[0] for each in requirements_of(kept)] == ["pillow", "scikit-learn", "torch"]
