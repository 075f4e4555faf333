"""A user's own models and datasets, by the names that stand for their content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.common import make_config
from support.own_code import write_own_code

from tuner.core import catalog, own_code
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError

LINEAR = "from torch import nn\nTASKS = ('image',)\ndef build(data, *, width=3):\n    return nn.Linear(width, 2)\n"


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def model(text: str) -> str:
    write("my_model.py", text)
    return catalog.resolve("models", "my_model.py")


def refusal(text: str) -> str:
    with pytest.raises(TunerError) as refused:
        catalog.load("models", model(text))
    return str(refused.value)


def test_a_name_says_where_the_file_was_and_stands_for_its_content() -> None:
    write_own_code(Path.cwd())
    name = catalog.resolve("models", "my_model.py")
    assert own_code.title(name) == "my_model"
    assert own_code.typed(name) == str(Path("my_model.py").absolute())
    assert own_code.place_of(name) == f"py:{Path('my_model.py').absolute()}"
    assert catalog.resolve("models", name) == name
    assert catalog.summary("models", name) == "Two layers."
    assert catalog.load("models", name).TASKS == ("image",)
    Path("layers/names.py").write_text("FACTOR = 3\n")
    changed = catalog.resolve("models", "my_model.py")
    assert own_code.title(changed) == "my_model"
    assert changed != name
    assert catalog.load("models", name) is not catalog.load("models", changed)


def test_a_sweep_of_own_code_is_named_after_the_files(tmp_path: Path) -> None:
    write_own_code(tmp_path)
    config = make_config(
        dataset=catalog.resolve("datasets", "my_data.py"), model=catalog.resolve("models", "my_model.py")
    )
    assert config.pair == "my_data-my_model"
    assert config.typed == [str(tmp_path / "my_data.py"), str(tmp_path / "my_model.py")]


def test_the_copy_in_a_sweeps_folder_serves_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own_code(tmp_path)
    config = make_config(model=catalog.resolve("models", "my_model.py"))
    (tmp_path / "sweep").mkdir()
    config.save(tmp_path / "sweep")
    config.keep_code(tmp_path / "sweep")
    for file in ("my_model.py", "my_data.py"):
        (tmp_path / file).unlink()
    shutil.rmtree(tmp_path / "layers")
    monkeypatch.setattr(own_code, "_held", {})
    own_code._module.cache_clear()
    read = SweepConfig.load(tmp_path / "sweep")
    assert catalog.load("models", read.model).SPACE["width"] == {"choices": [8, 16]}
    gone = read.model.replace(own_code.digest_of(read.model), "0" * 16)
    with pytest.raises(TunerError, match="the code of my_model is missing"):
        catalog.load("models", gone)


def test_names_in_the_folder_come_before_the_catalog() -> None:
    write("models/cnn.py", LINEAR)
    write("models/lenet.py", "# no model: it has no build\n")
    write("datasets/digits.py", "def load(root):\n    pass\n")
    assert own_code.is_own(catalog.resolve("models", "cnn"))
    assert catalog.resolve("models", "lenet") == "lenet"
    assert own_code.is_own(catalog.resolve("datasets", "digits"))
    assert list(own_code.found_in("models")) == ["cnn"]
    assert own_code.found_here("models", "cnn") == "./models/cnn.py"


def test_the_catalogs_own_folders_are_no_users(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(catalog.__file__).parents[2]
    if not (folder / "models").is_dir():
        pytest.skip("tuner is installed from a wheel")
    monkeypatch.chdir(folder)
    assert catalog.resolve("models", "cnn") == "cnn"
    assert own_code.found_in("datasets") == {}
    assert own_code.space_here("digits-cnn") is None


def test_a_space_in_the_folder_is_the_pairs_own() -> None:
    write("search_spaces/digits-resnet.toml", "epochs = 2\n")
    assert catalog.has_space("digits", "resnet")
    assert catalog.search_space("digits", "resnet") == "epochs = 2\n"
    write("cnn.py", LINEAR)
    assert not catalog.has_space("digits", catalog.resolve("models", "cnn.py")), "that of the catalog is for another"


def test_a_plain_name_beside_which_there_is_a_file() -> None:
    write("net.py", LINEAR)
    with pytest.raises(TunerError, match=r"^unknown model 'net': for your own file write net\.py$"):
        catalog.resolve("models", "net")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LINEAR.replace("TASKS = ('image',)", ""), "my_model.py has no TASKS: say which data it is for"),
        (LINEAR.replace("('image',)", "'image'"), "my_model.py TASKS = 'image' is not understood"),
        (LINEAR.replace("('image',)", "('video',)"), "my_model.py TASKS = ('video',) is not understood"),
        (LINEAR.replace("*, width=3", "**more"), "my_model.py:3: build(**more): name each hyperparameter"),
        (
            LINEAR.replace("width=3", "width"),
            "my_model.py:3: build(data, *, width) takes other arguments: give width a",
        ),
        (LINEAR.replace("build", "make"), "my_model.py has no function build: write def build(data, *, dropout=0.1)"),
    ],
)
def test_what_a_model_must_have(text: str, said: str) -> None:
    assert refusal(text).startswith(said)


def test_an_error_in_a_function_has_its_line() -> None:
    name = model(LINEAR.replace("    return", "    raise KeyError('depth')\n    return"))
    with pytest.raises(TunerError, match=r"^my_model\.py:4: KeyError: 'depth'$"):
        catalog.load("models", name).build(None)


def test_lack_of_memory_stays_what_it_is() -> None:
    name = model(LINEAR.replace("    return", "    raise RuntimeError('CUDA out of memory')\n    return"))
    with pytest.raises(RuntimeError, match="out of memory") as raised:
        catalog.load("models", name).build(None)
    assert not isinstance(raised.value, TunerError)
