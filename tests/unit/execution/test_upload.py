"""What goes to a cluster with a command, and how it is found there."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tuner.cli import sweep as cli_sweep
from tuner.cli.given import Way
from tuner.core.budgets import BudgetRequest
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.core.files import digest
from tuner.core.program_request import ProgramRequest
from tuner.core.sweep_options import what_is_tuned
from tuner.core.sweep_request import SweepRequest
from tuner.execution.jobs import upload
from tuner.execution.jobs.address import Submitted, cluster_address, clusters, place, submitted
from tuner.execution.jobs.upload import command_words, pack, unpack


def test_files_that_a_request_names_are_found_again_by_the_words_of_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "space.toml").write_text("epochs = 3")
    request = SweepRequest(dataset="csv:my table.csv", model="lstm", target="b", space=Path("space.toml"))
    packed = pack(request, tmp_path / "job")
    origin = digest(tmp_path / "my table.csv")[:8]
    assert packed.dataset == f"csv:upload:{origin}/my table.csv"
    assert (str(packed.space), packed.target) == ("upload:space.toml", "b")
    monkeypatch.chdir(tmp_path / "job")
    words = unpack([packed.dataset, str(packed.space), "--set", "lr=1"], tmp_path / "home")
    assert words[2:] == ["--set", "lr=1"]
    assert Path(words[0].removeprefix("csv:")).read_text() == "a,b\n1,2\n"
    assert Path(words[1]).read_text() == "epochs = 3"
    assert words == unpack([packed.dataset, str(packed.space), "--set", "lr=1"], tmp_path / "home")
    assert len(list((tmp_path / "home" / "uploads").iterdir())) == 1


def test_a_test_split_goes_along_and_groups_are_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "t.csv").write_text("a,b\n3,4\n")
    options = DataOptions(test="later/t.csv", group="a")
    request = SweepRequest(dataset="csv:t.csv", model="lstm", target="b", options=options)
    packed = pack(request, tmp_path / "job")
    assert packed.options.group == "a"
    monkeypatch.chdir(tmp_path / "job")
    words = unpack(command_words("sweep", packed, as_json=False), tmp_path / "home")
    assert Path(words[words.index("--test") + 1]).read_text() == "a,b\n3,4\n"
    assert Path(words[1].removeprefix("csv:")).read_text() == "a,b\n1,2\n"
    assert words[words.index("--group") + 1] == "a"


def test_a_folder_goes_along_and_a_dataset_of_the_catalog_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "cat" / "a.png").write_bytes(b"x")
    packed = pack(SweepRequest(dataset="folder:photos", model="cnn"), tmp_path / "job")
    origin = digest(tmp_path / "photos")[:8]
    assert packed.dataset == f"folder:upload:{origin}/photos"
    assert (tmp_path / "job/uploads" / origin / "photos/cat/a.png").read_bytes() == b"x"
    plain = SweepRequest(dataset="digits", model="cnn")
    assert pack(plain, tmp_path / "none") == plain
    assert not (tmp_path / "none").exists()


def test_what_is_too_large_or_missing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MOST_BYTES", 10)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(TunerError, match=r"^csv:t.csv: 0 MB are too much for an upload \(at most 0 MB\): put it where"):
        pack(SweepRequest(dataset="csv:t.csv", model="lstm"), tmp_path / "job")
    with pytest.raises(TunerError, match=r"^--space s.toml: there is nothing at "):
        pack(SweepRequest(dataset="digits", model="cnn", space=Path("s.toml")), tmp_path / "job")


def test_the_cluster_of_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TUNER_ADDRESS", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    assert cluster_address(None) is None
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")  # of a driver, not of the dashboard
    assert cluster_address(None) is None
    monkeypatch.setenv("RAY_ADDRESS", "http://ray:8265/")
    assert cluster_address(None) == "http://ray:8265"
    monkeypatch.setenv("TUNER_ADDRESS", "https://team")
    assert cluster_address(None) == "https://team"
    assert cluster_address("http://other:1") == "http://other:1"
    assert cluster_address("local") is None
    with pytest.raises(TunerError, match=r"^--address head:8265: give the address of the Ray dashboard"):
        cluster_address("head:8265")
    monkeypatch.setenv("TUNER_ADDRESS", "nonsense")
    with pytest.raises(TunerError, match=r"^TUNER_ADDRESS nonsense: "):
        cluster_address(None)


def test_a_sweep_is_found_where_it_was_handed_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_ADDRESS", "http://team:8265")
    known = Submitted(name="x", address="http://far:8265", job="tuner-x")
    known.save(tmp_path)
    (tmp_path / "submitted" / "torn.json").write_text('{"name": ')
    assert submitted(tmp_path) == {"x": known}
    assert clusters(tmp_path) == ["http://far:8265"]
    (tmp_path / "here").mkdir()
    assert place("x", None, tmp_path) == "http://far:8265"
    assert place("x", "http://third", tmp_path) == "http://third"
    assert place("here", None, tmp_path) is None
    assert place("other", None, tmp_path) == "http://team:8265"
    assert place(None, None, tmp_path) == "http://team:8265"


def test_a_users_own_training_function_goes_along(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import beside\n\ndef train(trial):\n    pass\n")
    (tmp_path / "beside.py").write_text("")
    (tmp_path / "data.bin").write_text("not sent")
    asked = ProgramRequest.of_text(str(tmp_path / "mine.py"))
    request = SweepRequest(program=asked, objective="loss:min", overrides=("lr=0.1..1",))
    words = command_words("sweep", pack(request, tmp_path / "files"), as_json=False)
    assert words[:2] == ["sweep", "upload:code/train"]
    sent = tmp_path / "files" / "uploads" / "code" / "train"
    assert {path.name for path in sent.rglob("*") if path.is_file()} == {"mine.py", "beside.py", "code.json"}
    again = ProgramRequest.of_text(str(sent))
    assert again is not None
    assert asked is not None
    assert (again.program.name, again.program.digest) == ("mine", asked.program.digest)
    assert again.program.shown.endswith("mine.py")


@pytest.mark.parametrize("own", [True, False])
def test_a_program_goes_along_with_the_files_that_its_command_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    command = "python prog.py --lr {lr}" if own else "/opt/prog {lr}"
    Path("prog.py").write_text("print(1)\n")
    asked = ProgramRequest.of_script(command)
    request = SweepRequest(program=asked, objective="loss:min", overrides=("lr=0.1..1",))
    words = command_words("sweep", pack(request, tmp_path / "files"), as_json=False)
    sent = tmp_path / "files" / "uploads" / "code" / "train"
    assert words[: 4 if own else 3] == ["sweep", *(["upload:code/train"] if own else []), "--script", command]
    assert sent.exists() is own
    Path("prog.py").unlink()
    again = what_is_tuned(str(sent) if own else None, None, command)["program"]
    assert (again.program.name, again.program.digest) == ("prog", asked.program.digest)
    assert (again.code == asked.code) is True


EVERYTHING = SweepRequest(
    dataset="csv:t.csv",
    model="mlp,lstm",
    trials=7,
    max_epochs=3,
    time_budget=60.0,
    concurrency=2,
    cpus_per_trial=1,
    gpus_per_trial=0.5,
    workers_per_node=4,
    max_failures=1,
    max_failure_rate=0.5,
    trial_timeout=30.0,
    oom="halve-batch",
    seed=5,
    name="mine",
    limit=100,
    space=Path("s.toml"),
    target="y",
    task="regression",
    weights=Path("w.pth"),
    storage="s3://bucket",
    overrides=("lr=0.1", "dropout=0..1"),
    warm_start="other",
    enqueue=Path("points.csv"),
    known_as="houses",
    options=DataOptions(text="t", test="u.csv", group="g", time="d"),
    confirm=ConfirmRequest(seeds=3, reshuffle=True, test="mean"),
    sampler="random",
    scheduler="median",
    fidelity="seconds",
    refit=True,
    without_default=True,
    ensemble=4,
    budgets=BudgetRequest(epoch_budget=9, gpu_budget=60.0, target_score=0.5, patience=4),
    objective="val_rmse,parameters",
    constraint="val_mae<=3,parameters<=9",
    constrain=("width <= 4", "lr < 0.1 or width == 2"),
)
NOT_TYPED = {"program", "given_space", "fixed", "repeats", "halved", "passes", "data", "pretrained", "notify"}
"""What no command line gives on a cluster: a user's own code goes along as a file, --notify is refused there, and the
rest is of `tuner train` and of Python."""


@pytest.mark.parametrize(
    "confirm", [EVERYTHING.confirm, ConfirmRequest(seeds=4, finalists=2), ConfirmRequest(seeds=5, folds=True)]
)
def test_a_command_on_a_cluster_asks_for_all_that_was_asked_for(
    confirm: ConfirmRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, found = replace(EVERYTHING, confirm=confirm), []

    def keep(asked: SweepRequest, _: Way) -> int:
        found.append(asked)
        return 0

    default = SweepRequest()
    same = {each.name for each in fields(request) if getattr(request, each.name) == getattr(default, each.name)}
    assert same == NOT_TYPED
    monkeypatch.setattr(cli_sweep, "begin", keep)
    result = CliRunner().invoke(cli_sweep.app, command_words("sweep", request, as_json=False))
    assert result.exit_code == 0, result.output
    assert asdict(found[0]) == asdict(request)
