"""`tuner new` and `tuner check`, as they are typed in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.common import Typed
from support.own_code import write_own_code

HEAD = "from math import prod\nimport torch\nfrom torch import nn\nTASKS = ('tabular',)\n"
NET = HEAD + "class Net(nn.Module):\n    def __init__(self, data):\n        super().__init__()\n"


def write(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="utf-8")


def test_what_new_writes_passes_check_at_once(typed: Typed) -> None:
    code, out, err = typed("new", "model", "net")
    assert (code, out) == (0, "models/net.py\n")
    assert "tuner check net" in err
    assert typed("new", "dataset", "flowers")[:2] == (0, "datasets/flowers.py\n")
    assert typed("new", "space", "flowers", "net")[:2] == (0, "search_spaces/flowers-net.toml\n")
    code, out, _ = typed("check", "flowers", "net")
    assert code == 0
    assert out.splitlines()[0] == (
        "flowers: image data of 1x12x12, 3 classes; 360 train, 120 validation, 120 test samples"
    )
    assert out.splitlines()[1].endswith("built, 2 steps trained, saved, loaded, predicted")
    code, out, _ = typed("check", "models/net.py")
    assert [line.split(" data")[0] for line in out.splitlines()] == ["net on image", "net on tabular", "good"]


def test_new_overwrites_nothing(typed: Typed) -> None:
    write("mine.py", "x = 1\n")
    assert typed("new", "model", "mine.py")[2] == (
        "error: mine.py is there already, and is left as it is: choose another name\n"
    )
    assert Path("mine.py").read_text() == "x = 1\n"
    assert "use letters, digits and _" in typed("new", "dataset", "my-data")[2]


def test_own_files_with_what_they_import(typed: Typed, tmp_path: Path) -> None:
    write_own_code(tmp_path)
    code, out, err = typed("check", "my_data.py", "my_model.py")
    assert code == 0, err
    assert out.splitlines()[0].startswith("my_data: image data of 1x8x8, 2 classes")
    assert typed("check", "my_data.py")[0] == 0
    code, out, _ = typed("list")
    assert "my_model" not in out, "only names in ./models are listed"


def test_list_has_the_names_of_the_folder(typed: Typed) -> None:
    typed("new", "model", "net")
    assert "(./models/net.py) A network with one hidden layer" in typed("list")[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "def build(data):\n    return nn.Linear(8, 2)\n", "for 4 samples the network gives a tensor (4, 2)"),
        (HEAD + "def build(data):\n    return nn.Linear(7, 3)\n", "my_model.py: RuntimeError: "),
        (HEAD + "def build(data, lr=1):\n    return nn.Linear(8, 3)\n", "build takes lr, which is a parameter of"),
        (HEAD + "def build(data):\n    return 3\n", "build of my_model gives int: it must return an nn.Module"),
        (HEAD + "def build(data):\n    return nn.LazyLinear(3)\n", "gives a lazy module"),
        (HEAD + "SPACE = {'wdth': {'low': 1, 'high': 2}}\ndef build(data, width=1):\n    pass\n", "did you mean width"),
        (HEAD + "def make(data):\n    pass\n", "neither build(data), as a model has, nor load(root)"),
        (
            NET + "        self.last = nn.Linear(7, 3)\n    def forward(self, x):\n        return self.last(x)\n"
            "def build(data):\n    return Net(data)\n",
            "my_model.py:10: RuntimeError: ",
        ),
        (
            NET + "        self.first = nn.Linear(8, 4)\n        self.rest = [nn.Linear(4, 3)]\n"
            "    def forward(self, x):\n        return self.rest[0](self.first(x))\n"
            "def build(data):\n    return Net(data)\n",
            "the saved and loaded model answers otherwise: a part of it is not in its state_dict",
        ),
        (
            NET + "        self.last = nn.Linear(8, 3)\n"
            "    def forward(self, x):\n        return self.last(x + torch.rand_like(x))\n"
            "def build(data):\n    return Net(data)\n",
            "answers",
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_one_line(typed: Typed, text: str, said: str) -> None:
    write("my_model.py", text)
    code, _, err = typed("check", "my_model.py")
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert said in err


def test_data_that_changes_from_call_to_call_is_refused(typed: Typed, tmp_path: Path) -> None:
    write_own_code(tmp_path)
    text = Path("points.py").read_text()
    write("points.py", text.replace(", generator=torch.Generator().manual_seed(1)", ""))
    code, _, err = typed("check", "my_data.py")
    assert code == 2
    assert err.startswith("error: my_data.py: load gives other samples the second time")


def visits(folder: str, days: range) -> None:
    """A table of four visits of each patient, on consecutive days."""
    rows = [
        f"{day * 7 % 11},{day % 5},p{day // 4},2024-{1 + day // 28:02}-{1 + day % 28:02},{'no' if day % 3 else 'yes'}"
        for day in days
    ]
    write(folder, "\n".join(["a,b,patient,day,ill", *rows, ""]))


def test_data_are_divided_as_for_a_sweep(typed: Typed) -> None:
    visits("visits.csv", range(120))
    visits("later.csv", range(120, 160))
    data = ("csv:visits.csv", "mlp", "--target", "ill")
    code, out, err = typed("check", *data, "--group", "patient")
    assert code == 0, err
    assert "patient" in out.splitlines()[1]
    code, out, err = typed("check", *data, "--time", "day", "--test", "later.csv")
    assert code == 0, err
    assert "40 test samples" in out.splitlines()[0]
    assert "day" in out.splitlines()[1]
    code, out, err = typed("check", *data, "--group", "patient", "--test", "visits.csv")
    assert (code, out) == (2, "")
    assert "patient" in err
    assert "unknown --group 'nobody'" in typed("check", *data, "--group", "nobody")[2]
    code, _, err = typed("new", "space", *data, "--time", "day")
    assert code == 0
    assert "tuner sweep csv:visits.csv mlp --target ill --time day" in err


def test_a_model_alone_has_no_data_to_divide(typed: Typed) -> None:
    assert typed("check", "mlp", "--group", "patient")[::2] == (
        2,
        "error: --group patient: give a dataset: what is checked here is a model, on made-up data\n",
    )
