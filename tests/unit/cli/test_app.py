"""The command line: help, lists, and one clear line for what is wrong, with nothing started."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.common import Typed, check_refused, make_config

from tuner.core import catalog
from tuner.core.files import write_checked_json
from tuner.core.sweep_folder import SweepFolder
from tuner.execution.jobs.upload import unpack
from tuner.sweeps.lock import lock_sweep

HEAVY = ("torch", "ray", "mlflow", "optuna", "sklearn", "scipy", "pandas", "matplotlib", "numpy")


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], HEAVY),
        (["list"], HEAVY),
        (["sweep", "--help"], HEAVY),
        (["--version"], HEAVY),
        (["status"], tuple(name for name in HEAVY if name not in {"optuna", "numpy"})),  # it reads the study
    ],
)
@pytest.mark.usefixtures("sweep")
def test_what_only_tells_imports_nothing_heavy(arguments: list[str], heavy: tuple[str, ...]) -> None:
    """So they answer in a fraction of a second: importing torch alone takes seconds."""
    code = (
        "import sys\nfrom tuner.cli import app\nsys.argv = ['tuner', *sys.argv[1:]]\n"
        "try:\n    app.main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('HEAVY', [name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_list_names_everything_in_the_catalog(typed: Typed) -> None:
    _, out, _ = typed("list")
    for kind in ("datasets", "models"):
        assert all(name in out for name in catalog.names(kind))
    for pair in catalog.names("search_spaces"):
        assert f"tuner sweep {pair.replace('-', ' ', 1)}" in out


def test_show_describes_data_model_and_space(typed: Typed) -> None:
    code, out, err = typed("show", "digits", "cnn")
    assert (code, err) == (0, "")
    assert "1 x 8 x 8" in out
    assert "359 test samples" in out
    assert "when optimizer = sgd" in out
    assert "  not searched    warmup=0.1 label_smoothing=0 augment=True cutout=0" in out
    shown = json.loads(typed("show", "digits", "cnn", "--json")[1])
    assert shown["model"]["parameters"] > 10_000
    assert shown["dataset"]["samples"]["test"] == 359


SPACE = 'epochs = 3\n[params]\nlr = { low = 1e-3, high = 1e-1, log = true }\noptimizer = { choices = ["adam"] }\n'

BAD = {
    "unknown dataset": (["digit", "cnn"], ["unknown dataset 'digit'", "digits"]),
    "unknown model": (["digits", "resnt"], ["unknown model 'resnt'", "resnet"]),
    "a model that does not fit": (["digits", "lstm"], ["'lstm' takes tabular and text data", "digits is image data"]),
    "zero trials": (["digits", "cnn", "--trials", "0"], ["--trials", "at least 1"]),
    "negative trials": (["digits", "cnn", "--trials", "-3"], ["--trials", "at least 1", "-3"]),
    "too few seeds": (["digits", "cnn", "--confirm", "1"], ["--confirm", "at least 2", "1"]),
    "seeds of nothing": (["digits", "cnn", "--reshuffle"], ["--reshuffle", "--confirm 5"]),
    "trials not a number": (["digits", "cnn", "--trials", "many"], ["--trials", "integer"]),
    "a misspelt option": (["digits", "cnn", "--trails", "3"], ["--trails", "--trials"]),
    "more GPUs than there are": (["digits", "cnn", "--gpus-per-trial", "1"], ["--gpus-per-trial 1"]),
    "more cores than there are": (["digits", "cnn", "--cpus-per-trial", "4096"], ["4096", "CPU cores"]),
    "a budget that is no duration": (["digits", "cnn", "--time-budget", "soon"], ["--time-budget 'soon'", "30m"]),
    "no epoch": (["digits", "cnn", "--epoch-budget", "0"], ["--epoch-budget must be at least 1, got 0"]),
    "half an epoch": (["digits", "cnn", "--epoch-budget", "1.5"], ["--epoch-budget", "integer"]),
    "no GPU time": (["digits", "cnn", "--gpu-budget", "0h"], ["--gpu-budget '0h': must be above 0"]),
    "GPU time without a GPU": (["digits", "cnn", "--gpu-budget", "4h"], ["--gpu-budget: the trials", "train on CPUs"]),
    "a target in percent": (
        ["digits", "cnn", "--target-score", "98"],
        ["--target-score 98: give a val_accuracy", "0.98"],
    ),
    "a target that is no number": (["digits", "cnn", "--target-score", "nan"], ["--target-score nan"]),
    "no patience": (["digits", "cnn", "--patience", "0"], ["--patience must be at least 1, got 0"]),
    "a limit too small": (["digits", "cnn", "--limit", "3"], ["--limit 3", "20"]),
    "a parameter that nothing takes": (["digits", "cnn", "--set", "dropuot=0.1"], ["dropuot", "dropout"]),
    "a bad expression": (["digits", "cnn", "--set", "lr"], ["--set 'lr'", "NAME=VALUE"]),
    "a value the optimizer refuses": (["digits", "cnn", "--set", "optimizer=sdg"], ["sdg", "sgd"]),
    "a value the model refuses": (["digits", "cnn", "--set", "dropout=1.5"], ["dropout", "1.5"]),
    "a range upside down": (["digits", "cnn", "--set", "dropout=0.5..0.1"], ["dropout", "low 0.5 is not below"]),
    "a reserved name": (["digits", "cnn", "--name", "artifacts"], ["--name 'artifacts'", "choose another"]),
    "epochs in --set": (["digits", "cnn", "--set", "epochs=5"], ["--max-epochs 5"]),
    "a text for a number": (["digits", "cnn", "--set", "lr=abc"], ["with --set", "lr must be a finite number"]),
    "a boolean for a number": (["digits", "cnn", "--set", "weight_decay=true"], ["weight_decay", "finite number"]),
    "a very long name": (["d" * 300, "cnn"], ["unknown dataset"]),
    "the name of a champion": (
        ["digits", "cnn", "--name", "folder_x-resnet"],
        ["--name 'folder_x-resnet'", "registered model"],
    ),
    "a bad name": (["digits", "cnn", "--name", "../x"], ["--name '../x'"]),
    "no such space file": (["digits", "cnn", "--space", "nowhere.toml"], ["nowhere.toml", "No such file"]),
    "no such file of points": (["digits", "cnn", "--enqueue", "no.csv"], ["--enqueue no.csv", "No such file"]),
    "points in no known form": (["digits", "cnn", "--enqueue", "space"], ["--enqueue space", ".toml, .json, .csv"]),
    "a best of nothing": (["digits", "cnn", "--warm-start", "x"], ["there are no sweeps in"]),
    "a model that does not fit, with a space": (
        ["digits", "lstm", "--space", "space.toml"],
        ["model 'lstm' takes tabular and text data", "digits is image data", "cnn"],
    ),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_starts_nothing(
    typed: Typed, home: Path, arguments: list[str], words: list[str]
) -> None:
    Path("space.toml").write_text(SPACE)
    check_refused(typed("sweep", *arguments), words, home)


BROKEN_SPACES = {
    "not TOML": ("epochs = \n", ["space.toml", "line 1"]),
    "unknown key": (SPACE.replace("log", "lag"), ["space.toml", "params.lr.lag", "unknown key"]),
    "low above high": (SPACE.replace("1e-3", "1.0"), ["space.toml", "params.lr", "low 1.0"]),
    "log from zero": (SPACE.replace("1e-3", "0.0"), ["space.toml", "params.lr", "above 0"]),
    "no epochs": (SPACE.replace("epochs = 3", ""), ["space.toml", "epochs"]),
    "a choice that no alternative covers": (
        SPACE.replace("lr = {", "x = 1\nlr = [{ when = { optimizer = 'sgd' },").replace("true }", "true }]"),
        ["space.toml", "params.lr"],
    ),
    "a start point out of range": (SPACE + "[[start]]\nlr = 1.0", ["space.toml", "start[0].lr: 1.0 is outside of"]),
    "a choice that is refused": (SPACE.replace('"adam"', '"adan"'), ["space.toml", "params.optimizer", "adan"]),
}


@pytest.mark.parametrize(("text", "words"), BROKEN_SPACES.values(), ids=BROKEN_SPACES.keys())
def test_a_broken_space_names_file_key_and_reason(typed: Typed, home: Path, text: str, words: list[str]) -> None:
    Path("space.toml").write_text(text)
    check_refused(typed("sweep", "digits", "cnn", "--space", "space.toml"), words, home)


def test_corrupt_data_is_named(typed: Typed, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path / "data"))
    raw = tmp_path / "data/cifar-10-batches-bin"
    raw.mkdir(parents=True)
    for name in [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]:
        (raw / name).write_bytes(b"\xff" * 3073)
    check_refused(typed("sweep", "cifar10", "resnet"), ["data_batch_1.bin"], home)


def test_a_home_that_cannot_be_written_is_named(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TUNER_HOME", str(tmp_path / "file/runs"))
    check_refused(typed("sweep", "digits", "cnn"), [str(tmp_path / "file/runs")], tmp_path / "runs")


def test_a_server_that_is_not_there_is_an_error_before_anything_starts(
    typed: Typed, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    check_refused(typed("sweep", "digits", "cnn"), ["http://127.0.0.1:9", "no MLflow server"], home)


def test_without_sweeps_the_message_says_how_to_begin(typed: Typed, home: Path) -> None:
    check_refused(typed("resume", "nothing"), ["tuner sweep"], home)


def test_an_address_that_is_none_is_refused(typed: Typed, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:abc")
    check_refused(typed("sweep", "digits", "cnn"), ["http://127.0.0.1:abc"], home)


def test_a_sweep_of_a_machine_with_a_gpu_is_not_resumed_without_one(typed: Typed, home: Path) -> None:
    config = make_config(name="x", gpus_per_trial=1.0)
    (home / "x").mkdir(parents=True)
    config.save(home / "x")
    code, out, err = typed("resume", "x")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "no GPU here" in err


def test_a_sweep_does_not_go_on_with_other_data_than_it_began_with(typed: Typed, home: Path) -> None:
    """Its samples would be split anew, and some that it was trained on would be tested."""
    (home / "x").mkdir(parents=True)
    make_config(name="x", data="of other samples", trials=1, concurrency=1).save(home / "x")
    code, out, err = typed("resume", "x")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "the data of x is not what it started with" in err


def test_a_taken_name_says_how_to_go_on(typed: Typed, home: Path) -> None:
    folder = SweepFolder(home / "mine")
    folder.path.mkdir(parents=True)
    taken = "error: --name 'mine' is taken: choose another"

    def refused() -> str:
        code, _, err = typed("sweep", "digits", "cnn", "--name", "mine")
        assert (code, err.count("\n")) == (2, 1)
        return err.rstrip()

    folder.config.touch()
    assert refused() == taken  # it is damaged
    make_config(name="mine").save(folder.path)
    assert refused() == f"{taken}, or continue that sweep: tuner resume mine"
    with lock_sweep(folder.path):
        assert refused() == f"{taken}, or watch that sweep: tuner status mine --watch"
    write_checked_json(folder.result, {"model": {"uri": "models:/digits-cnn/1"}})
    assert refused() == f"{taken}, or give that sweep more trials: tuner resume mine --trials 24"
    folder.report.mkdir()
    folder.report_page.touch()
    code, _, err = typed("resume", "mine")
    assert (code, err.count("\n")) == (2, 1)
    assert err.endswith("result.json; for more trials: tuner resume mine --trials 24\n")
    make_config(name="mine", trials=1, space={"epochs": 3, "params": {"lr": 0.1}}).save(folder.path)
    assert refused() == taken


BUDGETS = ("--gpu-budget", "120m", "--epoch-budget", "500")


def test_more_trials_are_asked_for_on_the_cluster_that_has_the_sweep(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def proceed(words: list[str], address: str, **_: object) -> int:
        asked.append([address, *words])
        return 0

    monkeypatch.setattr("tuner.cli.remote.proceed", proceed)
    cluster = "http://head:8265"
    assert typed("resume", "x", "--trials", "40", "--time-budget", "90s", *BUDGETS, "--address", cluster)[0] == 0
    assert typed("resume", "x", "--address", cluster)[0] == 0
    assert typed("resume", "x", "--trials", "0", "--address", cluster)[0] == 2
    more = ["--trials", "40", "--time-budget", "90.000000s", "--epoch-budget", "500", "--gpu-budget", "2h"]
    assert asked == [[cluster, "resume", "x", *more], [cluster, "resume", "x"]]


def test_a_changed_search_space_is_sent_to_the_cluster_that_has_the_sweep(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def proceed(words: list[str], _address: str, *, files: Path, **_: object) -> int:
        asked.append(words)
        monkeypatch.chdir(files)
        asked.append(unpack(words, tmp_path / "there"))
        return 0

    monkeypatch.setattr("tuner.cli.remote.proceed", proceed)
    file = tmp_path / "new.toml"
    words = ["resume", "x", "--space", str(file), "--set", "lr=0.1..1", "--set", "dropout=0.1,0.2"]
    assert typed(*words, "--address", "http://head:8265")[0] == 2  # there is no such file
    file.write_text("epochs = 3\n[params]\nlr = { low = 0.1, high = 0.2 }\n")
    assert typed(*words, "--address", "http://head:8265")[0] == 0
    sent, there = asked
    assert sent == ["resume", "x", "--space", "upload:new.toml", "--set", "lr=0.1..1", "--set", "dropout=0.1,0.2"]
    assert Path(there[3]).read_text() == file.read_text()
    assert [*there[:3], *there[4:]] == [*sent[:3], *sent[4:]]


COMMANDS = (
    *("sweep", "train", "list", "show", "predict", "report", "compare", "doctor", "ui"),
    *("resume", "status", "logs", "stop", "pause", "sync"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_flags_have_neither_a_type_nor_an_opposite(typed: Typed, command: str) -> None:
    code, out, _ = typed(command, "--help")
    assert code == 0
    assert "<bool>" not in out
    assert "--no-" not in out


@pytest.mark.parametrize("command", ["sweep", "train"])
def test_the_help_of_the_commands_that_train_has_panels(typed: Typed, command: str) -> None:
    _, out, _ = typed(command, "--help")
    panels = [line.split("─ ")[1].split(" ─")[0] for line in out.splitlines() if line.startswith("╭─ ")]
    confirmation, cluster = ([name] * (command == "sweep") for name in ("Confirmation", "Cluster"))
    assert panels == [
        "Arguments",
        "Search",
        *confirmation,
        "Training",
        "Your own data",
        "Resources",
        *cluster,
        "Output",
    ]
    assert "--max-epochs,--epochs" in out


@pytest.mark.parametrize("command", ["sweep", "train"])
@pytest.mark.parametrize("names", [("--max-epochs", "--epochs"), ("--cpus-per-trial", "--cpus")])
def test_sweep_and_train_take_each_others_names(typed: Typed, command: str, names: tuple[str, str]) -> None:
    for name in names:
        code, _, err = typed(command, "digits", "cnn", name, "0")
        assert (code, err) == (2, f"error: {names[0]} must be at least 1, got 0\n")


@pytest.mark.parametrize("command", ["sweep", "train"])
@pytest.mark.parametrize("name", ["--gpus-per-trial", "--gpus"])
def test_both_take_both_names_of_the_gpus(typed: Typed, command: str, name: str) -> None:
    code, _, err = typed(command, "digits", "cnn", name, "64")
    assert code == 2
    assert "--gpus-per-trial 64" in err


def test_stop_says_what_became_of_a_sweep_that_is_not_running(typed: Typed, home: Path) -> None:
    (home / "x").mkdir(parents=True)
    make_config(name="x").save(home / "x")
    for verb in ("stop", "pause"):
        code, _, err = typed(verb, "x")
        assert code == 2
        assert err == "error: the sweep x is not running: it has crashed; to continue: tuner resume x\n"


def test_the_ui_does_not_share_a_port(typed: Typed, home: Path) -> None:
    home.mkdir()
    (home / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = typed("ui", "--port", str(port))
    assert code == 2
    assert err.startswith(f"error: --port {port} is taken")
