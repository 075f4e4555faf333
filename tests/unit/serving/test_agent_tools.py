"""The tools of `tuner mcp`: which there are, what they answer, one clear line for what is wrong, and bounds."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from mcp import Client
from support.agent import Answer, ask, call, converse, here, tools
from support.common import make_config
from support.digits import some_digits
from support.made_up_search import begin, drive
from support.own_code import write_own_code
from support.sample_files import write_digits
from support.small_trainings import PAIR
from support.two_models import FIRST, SECOND

from tuner.core import catalog
from tuner.serving.agent import tool
from tuner.sweeps.best_trial import find_best
from tuner.sweeps.sweep_reader import SweepReader
from tuner.training.classifier import build_classifier
from tuner.training.saved_model import save_model

READING = {"list", "list_sweeps", "show", "status", "logs", "trials", "best", "predict"}
CHANGING = {"sweep", "resume", "stop", "pause"}
TRIALS = 230
CODE = "from pathlib import Path\nPath('ran').touch()\nraise ValueError('this is my code')\ndef load(limit): pass\n"


@pytest.fixture
def finished(home: Path, trained: Path) -> Path:
    shutil.copytree(trained, home)
    return home


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sweeps with one of many made-up trials."""
    home = tmp_path_factory.mktemp("many")
    (home / "demo").mkdir()
    space = {"epochs": 1, "params": {"dropout": {"low": 0.0, "high": 0.9}}}
    config = make_config(trials=TRIALS, epochs=1, scheduler="none", sampler="random", space=space)
    config.save(home / "demo")
    controller, _ = begin(config, home / "demo")
    drive(controller, Counter())
    controller.finish()
    return home


def test_without_allow_run_nothing_that_changes_something_is_there() -> None:
    found = tools(here())
    assert set(found) == READING
    for each in found.values():
        assert each.annotations
        assert (each.annotations.read_only_hint, each.annotations.destructive_hint) == (True, False)
    answer = call(here(), "sweep", dataset="digits")
    assert answer.refused
    assert "sweep" in answer.text


def test_with_allow_run_what_changes_something_says_so() -> None:
    found = tools(here(allow_run=True))
    assert set(found) == READING | CHANGING
    hints = {name: found[name].annotations for name in CHANGING}
    assert {name for name, each in hints.items() if each and each.read_only_hint is False} == CHANGING
    assert {name for name, each in hints.items() if each and each.destructive_hint} == {"stop"}


def test_every_tool_says_what_it_is_for_what_it_takes_and_what_it_answers() -> None:
    for each in tools(here(allow_run=True)).values():
        assert each.description
        assert each.output_schema
        assert each.output_schema["properties"]
        assert "\n\nReturns" not in each.description


def test_list_has_all_that_can_be_trained() -> None:
    found = call(here(), "list").values
    assert {each["name"] for each in found["models"]} >= set(catalog.names("models"))
    assert {each["name"] for each in found["datasets"]} >= {*catalog.names("datasets"), "csv:PATH"}
    assert "digits cnn" in found["pairs"]


def test_show_describes_a_pair_as_the_command_does() -> None:
    found = call(here(), "show", dataset="digits", model="cnn").values
    assert found["dataset"]["samples"]["test"] == 359
    assert found["model"]["parameters"] > 10_000
    assert found["space"]["rungs"]


def test_a_finished_sweep_is_looked_at_and_predicts(finished: Path) -> None:
    sweeps = call(here(), "list_sweeps").values
    assert [each["sweep"] for each in sweeps["sweeps"]] == [SECOND, FIRST]
    assert (sweeps["total"], sweeps["next"]) == (2, None)
    status = call(here(), "status", name=FIRST, wait_s=50).values
    assert (status["state"], status["trials"]["done"]) == ("finished", 1)
    found, told = call(here(), "best", name=FIRST).values, find_best(FIRST, finished).to_json()
    assert found["test_accuracy"] == told["test_accuracy"]
    assert found["parameters"] == told["parameters"]
    rows = call(here(), "predict", model=PAIR, files=[str(finished.parent / "new.csv")], most=2)
    assert rows.refused
    assert rows.text.endswith("new.csv: No such file or directory")
    table = "a,b,c,y\n2,0,0,yes\n-2,0,0,no\n1.5,0,0,yes\n"
    (finished.parent / "new.csv").write_text(table)
    rows = call(here(), "predict", model=PAIR, files=[str(finished.parent / "new.csv")], most=2)
    assert [each["class"] for each in rows.values["predictions"]] == ["yes", "no"]
    assert (rows.values["total"], rows.values["next"], rows.values["complete"]) == (3, 2, True)
    assert rows.values["said"] == {"yes": 2, "no": 1}
    assert rows.values["score"].startswith("accuracy 1.0")
    later = call(here(), "predict", model=PAIR, files=[str(finished.parent / "new.csv")], first=2)
    assert [each["class"] for each in later.values["predictions"]] == ["yes"]


def test_a_sweep_of_many_trials_is_given_in_parts(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_HOME", str(many))
    numbers: list[int] = []
    first: int | None = 0
    while first is not None:
        part = call(here(), "trials", name="demo", order="number", first=first, most=100).values
        assert (part["total"], len(part["trials"]) <= 100) == (TRIALS, True)
        numbers += [each["trial"] for each in part["trials"]]
        first = part["next"]
    assert numbers == list(range(TRIALS))
    best = call(here(), "trials", name="demo", most=3).values["trials"]
    assert [each["trial"] for each in best] == [TRIALS - 1, TRIALS - 2, TRIALS - 3]
    events = call(here(), "logs", name="demo", most=2).values
    assert events["total"] == 3 * TRIALS
    assert [each["trial"] for each in events["events"]][-1] == TRIALS - 1
    assert events["next"] is None
    of_one = call(here(), "logs", name="demo", trial=7).values
    assert [each["text"].split()[0] for each in of_one["events"]] == ["begins:", "epoch", "done"]


def test_an_answer_that_is_too_long_is_refused(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_HOME", str(many))
    monkeypatch.setattr(tool, "MOST_CHARACTERS", 2_000)
    found = call(here(), "trials", name="demo")
    assert found.refused
    assert found.text.endswith("more than a tool gives: ask for fewer with most")
    assert not call(here(), "trials", name="demo", most=2).refused


HOSTILE = ["../demo", "/etc/passwd", "demo/../demo", "a\x1b[2Jb\nc", "", "x" * 5_000, "{0}", "-h", "\u202edemo", "."]


@pytest.mark.parametrize("which", ["status", "logs", "trials", "best", "stop", "pause", "resume"])
def test_a_hostile_name_of_a_sweep_is_one_line(which: str, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNER_HOME", str(many))
    before = sorted(many.rglob("*"))

    async def talk(client: Client) -> list[Answer]:
        return [await ask(client, which, name=name) for name in HOSTILE]

    for found in converse(here(allow_run=True), talk):
        assert found.refused
        assert found.text.startswith("unknown sweep ")
        assert found.text.isprintable()
        assert len(found.text) <= 2_100
    assert sorted(many.rglob("*")) == before


BAD = {
    "no such argument": ("status", {"nam": "demo"}, "unknown argument of status 'nam': did you mean name?"),
    "a missing argument": ("status", {}, "status: name: Field required"),
    "too long a wait": ("status", {"name": "demo", "wait_s": 9e9}, "status: wait_s: Input should be less than"),
    "a text for a number": ("trials", {"name": "demo", "first": "many"}, "trials: first: Input should be a valid int"),
    "too many": ("trials", {"name": "demo", "most": 10_000}, "trials: most: Input should be less than"),
    "behind the end": ("trials", {"name": "demo", "first": TRIALS}, f"first={TRIALS}: the list has {TRIALS}, from 0"),
    "no such trial": ("logs", {"name": "demo", "trial": TRIALS}, f"--trial {TRIALS}: demo has {TRIALS} trials so far"),
    "no such dataset": ("show", {"dataset": "digit"}, "unknown dataset 'digit': did you mean digits?"),
    "no such pair": ("predict", {"model": "digits-cn", "files": ["a"]}, "unknown model 'digits-cn'"),
    "standard input": ("predict", {"model": "digits-cnn", "files": ["-"]}, "files: '-' is standard input"),
    "no trials": ("sweep", {"dataset": "digits", "model": "cnn", "trials": 0}, "--trials must be at least 1, got 0"),
    "a finished sweep": ("stop", {"name": "demo"}, "the sweep demo is not running"),
}


@pytest.mark.parametrize(("which", "arguments", "said"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line(
    which: str, arguments: dict[str, object], said: str, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_HOME", str(many))
    found = call(here(allow_run=True), which, **arguments)
    assert found.refused
    assert found.text.startswith(said)
    assert found.text.isprintable()


def test_what_nobody_expects_is_one_line_too(monkeypatch: pytest.MonkeyPatch, many: Path) -> None:
    monkeypatch.setenv("TUNER_HOME", str(many))

    def broken(self: SweepReader) -> None:
        raise OSError(28, "No space left on device", "study.log")

    monkeypatch.setattr(SweepReader, "status", broken)
    assert call(here(), "status", name="demo").text == "the disk is full: study.log"
    monkeypatch.setattr(SweepReader, "status", lambda _: 1 / 0)
    assert call(here(), "status", name="demo").text == "ZeroDivisionError: division by zero (unexpected)"


@pytest.mark.parametrize("place", ["my_data.py", "datasets/mine.py"])
def test_a_server_that_only_reads_runs_no_code_of_the_users(place: str, tmp_path: Path) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(CODE)
    name = place if "/" not in place else "mine"
    found = call(here(), "show", dataset=name)
    assert found.refused
    assert found.text.startswith(f"{name} runs code of your own")
    assert not (tmp_path / "ran").exists()
    allowed = call(here(allow_run=True), "show", dataset=name)
    assert allowed.text.endswith("this is my code")
    assert "unexpected" not in allowed.text
    assert (tmp_path / "ran").exists()


def test_a_model_with_code_of_its_own_is_not_run_by_a_server_that_only_reads(tmp_path: Path) -> None:
    write_own_code(tmp_path)
    name = catalog.resolve("models", "my_model.py")
    data = some_digits().spec
    network = build_classifier(data, name, {})
    save_model(tmp_path / "theirs", data, name, {}, network.state_dict())
    files = write_digits(tmp_path, 1)
    found = call(here(), "predict", model="theirs", files=files)
    assert found.refused
    assert found.text.startswith("theirs runs code of your own")
    allowed = call(here(allow_run=True), "predict", model="theirs", files=files)
    assert [each["sample"] for each in allowed.values["predictions"]] == files
