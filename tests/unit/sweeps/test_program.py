"""A sweep of a user's own code from its request to its report, with trials in this process."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from support.common import Typed
from support.made_up_search import Recorder

from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.errors import SweepError, TunerError
from tuner.core.grow_request import GrowRequest
from tuner.core.outcome import Outcome
from tuner.core.result_file import is_sent, write_result
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_options import read_sweep
from tuner.execution.in_process import InProcessExecutor
from tuner.execution.script_trial import ScriptJob
from tuner.report.make import make_report
from tuner.search.controller import Controller
from tuner.search.schedulers import make_scheduler
from tuner.search.stopping import NO_REPORT
from tuner.search.study import Study
from tuner.sweeps.preparation import begin, begin_confirming, begin_growing, prepare_again
from tuner.sweeps.program_finish import find_own_winner, register_own_outcome, register_own_winner
from tuner.sweeps.program_inputs import ProgramInputs
from tuner.sweeps.sync import sync
from tuner.tracking.background import BackgroundTracker
from tuner.tracking.runs import MlflowSweep
from tuner.tracking.store import Store

SAVING = """
def train(trial):
    total = trial.load() or 0.0
    for epoch in range(trial.epoch, trial.epochs):
        total += trial.params["lr"]
        if trial.params["lr"] > 0.9:
            raise ValueError("too fast")
        trial.report(loss=(total - 1) ** 2 + trial.params.get("noise", 0), total=total)
        trial.save(total)
"""
LR = {"low": 0.01, "high": 1.0, "log": True}


def asked(source: str = SAVING, **options: Any) -> Any:
    from tuner.core.program_request import ProgramRequest

    Path("mine.py").write_text(source)
    given = {"objective": "loss:min", "given_space": {"epochs": 9, "params": {"lr": LR}}, "concurrency": 1}
    quick = {"sampler": "random"}  # the one that is chosen by itself takes a second for each point
    return read_sweep({"program": ProgramRequest.of_text("mine.py"), **given, **quick, **options})


def search(config: SweepConfig, folder: SweepFolder, inputs: ProgramInputs, told: Recorder) -> Study:
    """Runs all trials in this process, one after the other."""
    study = Study.of(config, folder)
    controller = Controller(config, study, make_scheduler(config), folder, told)
    with InProcessExecutor() as executor:
        executor.run(controller, inputs.job(config, folder, None, ()), {}, tick=lambda: None)
    controller.finish()
    return study


def run(told: Recorder, **options: Any) -> tuple[SweepConfig, SweepFolder, Study]:
    config, folder, inputs = begin(asked(**options), callbacks=[told])
    assert isinstance(inputs, ProgramInputs)
    return config, folder, search(config, folder, inputs, told)


def test_code_that_saves_is_searched_by_asha_and_its_best_state_is_kept() -> None:
    told = Recorder()
    config, folder, study = run(told, trials=9)
    assert (config.scheduler, config.pair, config.name) == ("asha", "mine", "mine-1")
    states = {record.number: record.state for record in study.records()}
    assert set(states.values()) >= {"COMPLETE", "PRUNED"}
    failed = [record.reason for record in study.records() if record.state == "FAIL"]
    assert all(reason.endswith("mine.py:7: ValueError: too fast") for reason in failed)
    winner = find_own_winner(config, study, folder, None)
    best = min((record for record in study.records() if record.ranked), key=lambda r: r.score)
    assert winner.trial.number == best.number
    assert winner.saved
    kept = json.loads((folder.model / "parameters.json").read_text())
    assert kept == {"trial": best.number, "epoch": winner.epoch, "parameters": best.parameters}
    total = winner.scores["total"]
    assert winner.scores["loss"] == (total - 1) ** 2


def test_code_that_does_not_save_begins_anew_when_it_is_promoted() -> None:
    told = Recorder()
    source = (
        "def train(trial):\n    for e in range(trial.epochs):\n        trial.report(loss=trial.params['lr'] / (e + 1))"
    )
    _, _, study = run(told, source=source, trials=9)
    note = "a trial that waits and is promoted begins anew, since mine.py does not call trial.save"
    assert note in told.notes
    assert all(record.ended for record in study.records())
    promoted = [number for number in set(told.begun) if told.begun.count(number) > 1]
    assert promoted
    for number in promoted:  # the epochs from before count once
        assert sorted(study.record(number).values) == list(range(1, study.record(number).epoch + 1))
        assert [epoch for each, epoch in told.epochs if each == number] == sorted(study.record(number).values)


@pytest.mark.parametrize(("scheduler", "epochs", "expected"), [
    ("asha", 9, True), ("none", 9, False), ("median", 9, False), ("asha", 1, False),
])  # fmt: skip
def test_that_trials_begin_anew_is_told_only_where_they_wait(scheduler: str, epochs: int, expected: bool) -> None:
    told = Recorder()
    source = "def train(trial):\n    trial.report(loss=trial.params['lr'])"
    begin(asked(source=source, trials=3, scheduler=scheduler, max_epochs=epochs), callbacks=[told])
    assert any("begins anew" in note for note in told.notes) is expected


def test_a_nan_a_missing_report_and_an_early_end_are_told() -> None:
    source = """
def train(trial):
    kind = trial.params["kind"]
    if kind == "nan":
        trial.report(loss=float("nan"))
    elif kind == "early":
        trial.report(loss=1.0)
"""
    space = {"epochs": 9, "params": {"kind": {"choices": ["nan", "none", "early"]}}}
    _, _, study = run(Recorder(), source=source, given_space=space, sampler="grid")
    found = {record.parameters["kind"]: (record.state, record.reason) for record in study.records()}
    assert found["nan"] == ("FAIL", "loss is nan in epoch 1")
    assert found["early"] == ("COMPLETE", "")
    assert found["none"] == ("FAIL", NO_REPORT)


def test_a_sweep_goes_on_with_its_copy_of_the_code() -> None:
    told = Recorder()
    config, folder, _ = begin(asked(trials=3, sampler="auto"), callbacks=[told])
    Path("mine.py").write_text("raise SystemExit")
    again, inputs = prepare_again(SweepConfig.load(folder.path), folder, Callbacks([told]))
    assert any("mine.py changed since: the sweep goes on with its copy" in note for note in inputs.notes)
    assert isinstance(inputs, ProgramInputs)
    assert search(again, folder, inputs, told).best() is not None
    shutil.rmtree(folder.code)
    with pytest.raises(TunerError, match=f"the code of {config.name} cannot be read"):
        prepare_again(config, folder, Callbacks([told]))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"objective": None}, "--objective: say by which metric trials are compared"),
        ({"given_space": None}, "your own code needs a search space: --space FILE, or --set"),
        ({"limit": 5}, "--limit is not for your own training code: the data is that of your code"),
        ({"finalists": 2}, "--finalists is not for your own training code"),
        ({"refit": True}, "--refit is not for your own training code"),
        ({"scheduler": "pbt"}, "--scheduler pbt is not for your own training code"),
        ({"oom": "halve-batch"}, "--oom halve-batch is not for your own training code"),
        ({"source": "import no_such_module\n"}, "mine.py:1: ModuleNotFoundError: No module named 'no_such_module'"),
        ({"source": "x = 1\n"}, "mine.py has no function train"),
        ({"given_space": {"params": {"lr": {"low": 2, "high": 1}}}}, "space: params.lr: low 2 is not below high 1"),
        ({"given_space": {"lr": 1}}, "space: unknown key 'lr'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_begun(options: dict[str, Any], error: str, home: Path) -> None:
    with pytest.raises(TunerError, match=error):
        begin(asked(**options))
    assert not list(home.glob("mine-*"))


def test_the_sampler_may_be_chosen_by_itself() -> None:
    config, _, _ = begin(asked(sampler="auto", trials=4))
    assert config.sampler != "auto"
    assert config.auto


def test_a_sweep_that_grows_goes_on_with_the_sampler_of_its_new_space() -> None:
    source = "def train(trial):\n    trial.report(loss=trial.params['lr'])\n"
    began, folder, _ = run(Recorder(), source=source, given_space=None, overrides=("lr=1,2",), sampler="auto")
    assert (began.sampler, began.trials) == ("grid", 2)
    config, _, _ = begin_growing(began.name, GrowRequest(trials=30, overrides=("lr=0.1..1",)))
    assert (config.sampler, config.auto) == ("gp", "30 trials in 1 number that every trial has")
    assert config == replace(SweepConfig.load(folder.path), concurrency=config.concurrency)


def test_a_space_may_be_given_by_set_alone() -> None:
    config, _, _ = begin(asked(given_space=None, overrides=("lr=0.1..1", "depth=2,3")))
    assert config.space["params"] == {"lr": {"low": 0.1, "high": 1}, "depth": {"choices": [2, 3]}}
    assert config.epochs == 10


@pytest.fixture
def tracked(home: Path, database: Path) -> Path:
    """A home with MLflow's tables."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(database, home / "mlflow.db")
    return home


def finish(told: Recorder, **options: Any) -> Outcome:
    """A whole sweep, up to its report."""
    config, folder, inputs = begin(asked(**options), callbacks=[told])
    store = Store.of(folder.home)
    study = Study.of(config, folder)
    tracker = BackgroundTracker(lambda heard: MlflowSweep(store, config, heard=heard), study.record, ask=store.ask)
    tracker.start()
    assert isinstance(inputs, ProgramInputs)
    controller = Controller(config, study, make_scheduler(config), folder, tracker)
    with InProcessExecutor() as executor:
        executor.run(controller, inputs.job(config, folder, None, ()), {}, tick=lambda: None)
    controller.finish()
    own = find_own_winner(config, study, folder, None)
    outcome = Outcome(
        config=config, folder=folder.path, records=tuple(study.records()), winner=None, seconds=1.0, own=own
    )
    write_result(outcome)
    outcome = register_own_outcome(outcome, tracker, store, Callbacks([told]))
    write_result(outcome)
    return outcome


def test_the_winner_is_registered_and_the_better_one_becomes_the_champion(tracked: Path, typed: Typed) -> None:
    told = Recorder()
    worse = finish(told, trials=2, overrides=("lr=0.01..0.02",))
    better = finish(told, trials=4)
    again = finish(told, trials=2, overrides=("lr=0.01..0.02",))
    champions = [each.own.model.champion for each in (worse, better, again) if each.own and each.own.model]
    assert champions == [True, True, False]
    assert again.own is not None
    assert again.own.model is not None
    assert "of version 2, which stays the champion" in again.own.model.note
    assert is_sent(better.folder)
    uri = Store.of(tracked).uri
    client = MlflowClient(uri, uri)
    version = client.get_model_version_by_alias("mine", "champion")
    assert version.tags["tuner.sweep"] == better.config.name
    assert better.own is not None
    kept = f"winner/trial-{better.own.trial.number}-epoch-{better.own.epoch}"
    assert str(version.source).endswith(kept)
    files = {each.path for each in client.list_artifacts(str(version.run_id), kept)}
    assert files == {f"{kept}/parameters.json", f"{kept}/state.pkl"}
    run_data = client.get_run(str(version.run_id)).data
    assert run_data.metrics["best_loss"] == better.own.scores["loss"]
    assert client.get_run(str(version.run_id)).info.status == "FINISHED"
    [synced] = sync(better.config.name, events=Callbacks([told]), elsewhere=False)
    assert (synced.unsent, len(client.search_model_versions("name = 'mine'"))) == ("", 3)
    _check_commands(better, typed)


def test_a_version_keeps_its_files_when_the_sweep_has_another_winner(tracked: Path) -> None:
    first = finish(Recorder(), trials=2, overrides=("lr=0.1..0.2",))
    assert first.own is not None
    other = next(each for each in first.records if each.number != first.own.trial.number)
    state, store = SweepFolder(first.folder).model / "state.pkl", Store.of(tracked)
    before = state.read_bytes()
    state.write_bytes(b"that of the other trial")
    run = MlflowSweep(store, first.config, other.started)
    register_own_winner(first.config, first.folder, replace(first.own, trial=other), store, run)
    longer = replace(first.own, trial=other, epoch=first.own.epoch + 1)  # the same trial, trained for more epochs
    register_own_winner(first.config, first.folder, longer, store, run)
    client = MlflowClient(store.uri, store.uri)
    versions = sorted(client.search_model_versions("name = 'mine'"), key=lambda each: int(each.version))
    contents = [Path(str(each.source).removeprefix("file:")) / "state.pkl" for each in versions]
    assert [path.read_bytes() == before for path in contents] == [True, False, False]


def _check_commands(outcome: Outcome, typed: Typed) -> None:
    """What the commands say of such a sweep."""
    name = outcome.config.name
    report = make_report(outcome.folder)
    assert not report.failed
    assert {"metrics.png", "history.png", "learning.png"} <= set(report.files)
    assert not {"confusion.png", "roc.png", "curves.png"} & set(report.files)
    page = report.page.read_text()
    assert "Your own code mine.py was tuned" in page
    assert "Confusion matrix" not in page
    status, out, _ = typed("status", name)
    assert (status, f"{name}: mine.py, finished" in out) == (0, True)
    status, out, _ = typed("best", name)
    assert status == 0
    assert "loss" in out
    status, out, _ = typed("logs", name, "--trial", "0")
    assert "total" in out
    status, _, err = typed("predict", name, "x.png")
    assert (status, "is a sweep of your own code, which alone knows how to predict" in err) == (2, True)
    status, _, err = typed("predict", outcome.config.pair, "x.png")
    assert (status, "what your own training code saves is for that code alone" in err) == (2, True)
    with pytest.raises(TunerError, match="which tuner confirm does not repeat"):
        begin_confirming(name, ConfirmRequest(seeds=3))
    config, _, inputs = begin_growing(name, GrowRequest(trials=9, overrides=("lr=0.1..0.5",)))
    assert config.trials == 9
    assert isinstance(inputs, ProgramInputs)


def test_two_objectives_and_a_constraint_of_own_metrics() -> None:
    source = """
def train(trial):
    size = trial.params["size"]
    for epoch in range(trial.epochs):
        trial.report(loss=1 / (size * (epoch + 1)), size=size, other=float("nan"))
"""
    options = {"objective": "loss:min,size:min", "constraint": "size<=3", "sampler": "grid", "scheduler": "none"}
    space = {"epochs": 2, "params": {"size": {"choices": [1, 2, 3, 4]}}}
    config, folder, study = run(Recorder(), source=source, given_space=space, **options)
    records = study.records()
    outcome = Outcome(config=config, folder=folder.path, records=tuple(records), winner=None, seconds=1.0)
    assert [record.parameters["size"] for record in outcome.front] == [3, 2, 1]
    winner = find_own_winner(config, study, folder, None)
    assert winner.trial.parameters == {"size": 3}
    assert not winner.saved
    write_result(replace(outcome, own=winner))
    report = make_report(folder.path)
    assert not report.failed
    assert "front.png" in report.files


def test_a_search_without_a_score_has_no_winner() -> None:
    config, folder, study = run(Recorder(), source="def train(trial):\n    raise KeyError('x')\n", trials=2)
    with pytest.raises(SweepError, match=r"all 2 trials failed, 2 of them with: .*mine.py:2: KeyError: 'x'"):
        find_own_winner(config, study, folder, None)


def test_a_program_that_has_changed_is_told_and_run_as_it_is(tmp_path: Path) -> None:
    from tuner.core.program_request import ProgramRequest

    Path("prog.py").write_text("print(1)\n")
    Path("beside.sh").write_text("")
    program = ProgramRequest.of_script("python prog.py {lr}")
    config, folder, _ = begin(read_sweep({"program": program, "objective": "loss:min", "overrides": ("lr=0.1..1",)}))
    assert ProgramInputs.open(config, folder).notes == ()
    Path("prog.py").write_text("print(2)\n")
    inputs = ProgramInputs.open(config, folder)
    assert inputs.notes == ("prog.py changed since: the sweep goes on with the program as it is now",)
    job = inputs.job(config, folder, None, ())
    assert isinstance(job, ScriptJob)
    assert job.place == tmp_path
