"""`tuner rm`: what is left of a sweep in its folder and in MLflow, whatever happens meanwhile."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from support.common import Start, Typed, make_config
from support.interruptions import killed_at
from support.processes import wait_until
from support.small_trainings import PAIR, champion, client, train, version, winner, write_table
from support.two_models import FIRST, SECOND

from tuner import Sweep, TunerError
from tuner.core.config import SweepConfig
from tuner.core.deletion import DELETING_FOLDER, Deletion, unfinished_deletions
from tuner.core.sweep_folder import SweepFolder, sweep_names
from tuner.execution.jobs.address import Submitted, submitted
from tuner.sweeps import removal
from tuner.sweeps.drawing import alone
from tuner.sweeps.lock import lock_sweep
from tuner.sweeps.model_lookup import find_model
from tuner.sweeps.succession import hand_over
from tuner.tracking.own_winners import OBJECTIVE_TAG, SCORE_TAG
from tuner.tracking.removal import _Deleter
from tuner.tracking.versions import Versions


@pytest.fixture
def home(home: Path, trained: Path) -> Path:
    """A copy: what MLflow tells of the places of artifacts is still the home that it was copied from."""
    shutil.copytree(trained, home)
    return home


def runs(home: Path, uid: str) -> list[str]:
    """The names of a sweep's runs, also of those that are only marked as deleted."""
    mlflow = client(home)
    found = mlflow.get_experiment_by_name(PAIR)
    assert found
    every = mlflow.search_runs([found.experiment_id], f"tags.`tuner.uid` = '{uid}'", ViewType.ALL)
    return sorted(str(run.info.run_name) for run in every)


def artifacts(home: Path) -> set[str]:
    """The folders of all runs and logged models with artifacts."""
    models = home / "artifacts" / PAIR / "models"
    places = [*(home / "artifacts" / PAIR).glob("*"), *models.glob("*")]
    return {path.name for path in places if path != models}


def files(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def rest_of(home: Path, name: str, before: dict[str, Any]) -> None:
    """Asserts that nothing is left of a sweep, and that the other one is as it was."""
    other = SECOND if name == FIRST else FIRST
    assert sweep_names(home) == [other]
    assert not (home / DELETING_FOLDER).exists()
    assert runs(home, before[name]["uid"]) == []
    assert runs(home, before[other]["uid"]) == before[other]["runs"]
    assert files(home / other) == before[other]["files"]
    assert [str(each.version) for each in client(home).search_model_versions(f"name = '{PAIR}'")] == [other[-1]]
    mine = version(home, int(other[-1]))
    assert artifacts(home) == {mine.run_id, mine.source.rpartition("/")[2]}


def known(home: Path) -> dict[str, Any]:
    """What is there of both sweeps."""
    uids = {name: SweepConfig.load(home / name).uid for name in (FIRST, SECOND)}
    return {name: {"uid": uid, "runs": runs(home, uid), "files": files(home / name)} for name, uid in uids.items()}


def test_a_deleted_sweep_is_gone_and_the_best_of_the_others_is_champion(
    home: Path, trained: Path, tmp_path: Path, typed: Typed
) -> None:
    before, originals = known(home), artifacts(trained)
    assert len(before[FIRST]["runs"]) == 2
    assert len(artifacts(home)) == 4
    assert champion(home) == 1
    code, out, err = typed("rm", FIRST, "--yes")
    assert (code, out) == (0, f"deleted {FIRST}: {out.split(': ')[1].strip()}\n")
    assert out.rstrip().endswith(f", 2 runs, the registered {PAIR}/1")
    assert f"the champion of {PAIR} is now version 2, of the sweep {SECOND}\n" in err
    rest_of(home, FIRST, before)
    assert champion(home) == 2
    assert artifacts(trained) == originals  # the home that this one was copied from keeps its own
    found = find_model(SECOND, home, tmp_path)
    assert found == home / SECOND / "model"
    assert typed("rm", FIRST, "--yes")[::2] == (2, f"error: unknown sweep '{FIRST}': did you mean {SECOND}?\n")

    code, out, err = typed("rm", SECOND, "--yes", "--json")
    assert (code, json.loads(out)[0]["models"]) == (0, [f"{PAIR}/2"])
    assert f"{PAIR} has no model any more\n" in err
    assert client(home).search_registered_models() == []
    assert not (home / "artifacts" / PAIR).exists()
    assert sweep_names(home) == []


def test_a_champion_set_by_hand_is_followed_by_the_best_and_one_that_learnt_nothing_follows_nobody(
    home: Path, typed: Typed
) -> None:
    assert typed("promote", f"{PAIR}/2")[0] == 0
    tags = version(home, 1).tags
    [name] = [tag for tag in tags if tag.startswith("tuner.validation.")]
    worthless = {**json.loads(tags[name]), "better": False}
    client(home).set_model_version_tag(PAIR, "1", name, json.dumps(worthless))
    code, _, err = typed("rm", SECOND, "--yes")
    assert code == 0
    assert f"{PAIR} has no champion any more" in err
    assert f"to choose one: tuner promote {PAIR}/1\n" in err
    assert Versions(f"sqlite:///{home}/mlflow.db", PAIR).champion() is None


def test_a_model_that_is_kept_can_be_used_and_compared(home: Path, tmp_path: Path, typed: Typed) -> None:
    before = known(home)
    code, out, _ = typed("rm", FIRST, "--yes", "--keep-model")
    assert (code, out.rstrip().endswith(f", 1 run; {PAIR}/1 kept")) == (0, True)
    assert runs(home, before[FIRST]["uid"]) == [FIRST]  # the sweep's own, which the version refers to
    assert champion(home) == 1
    assert find_model(PAIR, home, tmp_path).is_dir()
    code, out, _ = typed("compare", "--json")
    assert (code, [row["sweep"] for row in json.loads(out)["pairs"]]) == (0, [FIRST])
    assert sweep_names(home) == [SECOND]


def test_nothing_is_deleted_without_a_yes(home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    before = known(home)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    code, out, err = typed("rm", FIRST, SECOND)
    asked = f"error: nothing was deleted, since nobody can be asked here: to delete {FIRST}, {SECOND}, add --yes\n"
    assert (code, out) == (2, "")
    assert err.endswith(asked)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    code, _, err = typed("rm", FIRST)
    assert code == 1
    assert f"the registered model {PAIR}/1 (the champion)" in err
    code, _, err = typed("rm", FIRST, "missing", "--yes")  # all are looked at before one is deleted
    assert code == 2
    with lock_sweep(home / SECOND):
        code, _, err = typed("rm", FIRST, SECOND, "--yes")
    assert (code, err.count("\n")) == (2, 1)
    assert f"error: {SECOND} is running: first end it with" in err
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/other.db")
    code, _, err = typed("rm", FIRST, "--yes")
    assert (code, "was started with no MLFLOW_TRACKING_URI" in err) == (2, True)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert {name: known(home)[name]["runs"] for name in before} == {name: before[name]["runs"] for name in before}
    assert sweep_names(home) == [FIRST, SECOND]


STEPS: list[tuple[Any, str]] = [
    (removal, "hand_over"),
    (Versions, "delete"),
    (removal, "delete_runs"),
    (_Deleter, "delete_model"),
    (_Deleter, "delete_run"),
    (Deletion, "end"),
    (shutil, "rmtree"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("place", "step"), STEPS, ids=[step for _, step in STEPS])
def test_the_same_command_finishes_what_was_interrupted(
    home: Path, typed: Typed, place: Any, step: str, *, after: bool
) -> None:
    before = known(home)
    with killed_at(place, step, after=after):
        removal.remove(FIRST, home, keep_model=False)
    if any(unfinished_deletions(home)):
        assert sweep_names(home) == [SECOND]
        code, _, err = typed("rm", FIRST)  # the question was answered before
        assert (code, "error" in err) == (0, False)
    rest_of(home, FIRST, before)
    assert champion(home) == 2


def test_an_error_of_mlflow_leaves_what_a_second_command_finishes_as_it_was_begun(
    home: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    before = known(home)

    def away(*_: object, **__: object) -> None:
        raise ConnectionError("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(removal, "delete_runs", away)
        patch.setattr(removal, "retry", lambda action: action())
        code, out, err = typed("rm", FIRST, "--yes", "--keep-model")
        assert (code, out) == (1, "")
        assert f"error: {FIRST} is not deleted yet: " in err
        assert err.endswith(f"to finish it: tuner rm {FIRST}\n")
        with pytest.raises(TunerError, match="is not deleted yet: the server is away"):
            Sweep(FIRST, home / FIRST).delete()
    Sweep(FIRST, home / FIRST).delete()
    assert runs(home, before[FIRST]["uid"]) == [FIRST]
    assert champion(home) == 1
    Sweep.open(SECOND).delete()
    assert runs(home, before[SECOND]["uid"]) == []
    assert sweep_names(home) == []


def test_on_a_server_runs_versions_and_artifacts_are_deleted(
    server: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    shutil.rmtree(home)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    write_table(tmp_path, 120)
    winner(train(epochs=4)[0])
    mlflow = MlflowClient(server, server)
    found = mlflow.get_model_version(PAIR, "1")
    assert mlflow.list_artifacts(found.run_id)
    code, out, _ = typed("rm", FIRST, "--yes")
    assert (code, out.rstrip().endswith(f", 2 runs, the registered {PAIR}/1")) == (0, True)
    experiment = mlflow.get_experiment_by_name(PAIR)
    assert experiment
    assert list(mlflow.search_runs([experiment.experiment_id])) == []
    assert list(mlflow.search_logged_models([experiment.experiment_id])) == []
    assert mlflow.list_artifacts(found.run_id) == []
    assert PAIR not in {each.name for each in mlflow.search_registered_models()}  # the server has those of other tests
    assert sweep_names(home) == []


@pytest.mark.proof
@pytest.mark.parametrize("wait_s", [0.0, 0.3, 1.0])
def test_a_kill_in_the_middle_leaves_what_a_second_command_finishes(home: Path, start: Start, wait_s: float) -> None:
    before = known(home)
    process = start("rm", FIRST, "--yes", folder=home.parent)
    wait_until((home / DELETING_FOLDER).exists, process, poll=0.001)
    time.sleep(wait_s)
    process.kill()
    process.communicate()
    assert sweep_names(home) == [SECOND] or wait_s == 0.0
    again = start("rm", FIRST, "--yes", folder=home.parent)
    _, err = again.communicate()
    gone = f"error: unknown sweep '{FIRST}': did you mean {SECOND}?"  # it had been at its end
    assert again.returncode == 0 or err.strip() == gone
    rest_of(home, FIRST, before)
    assert champion(home) == 2


def test_a_sweep_of_a_cluster_is_deleted_there_and_forgotten_here(
    home: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    Submitted(name="far", address="http://head:8265", job="j").save(home)
    asked: list[tuple[list[str], str]] = []

    def verb(words: list[str], place: str, **_: object) -> int:
        asked.append((words, place))
        return len(asked) - 1

    monkeypatch.setattr("tuner.cli.remote.verb", verb)
    assert typed("rm", "far")[0] == 2  # nobody can be asked
    assert asked == []
    assert typed("rm", "far", "--yes", "--keep-model")[0] == 0
    assert asked == [(["rm", "far", "--yes", "--keep-model"], "http://head:8265")]
    assert submitted(home) == {}
    Submitted(name="far", address="http://head:8265", job="j").save(home)
    assert typed("rm", "far", "--yes")[0] == 1  # the cluster's command has failed
    assert list(submitted(home)) == ["far"]


def test_a_report_that_is_being_drawn_is_waited_for(home: Path) -> None:
    """Who draws it would make the folder again."""
    drawn = []
    with alone(SweepFolder(home / FIRST)):
        thread = Thread(target=lambda: drawn.append(removal.remove(FIRST, home, keep_model=True)))
        thread.start()
        thread.join(0.5)
        assert (home / FIRST).is_dir()
    thread.join()
    assert (len(drawn), sweep_names(home)) == (1, [SECOND])


def test_of_own_training_code_the_best_by_its_objective_follows(home: Path) -> None:
    config = make_config(program={"name": "own"}, objective="f1:max")
    mlflow, versions = client(home), Versions(f"sqlite:///{home}/mlflow.db", "own")
    mlflow.create_registered_model("own")
    for score, objective in ((0.5, "f1:max"), (0.9, "f1:max"), (0.7, "f1:max"), (0.7, "f1:max"), (0.1, "loss:min")):
        tags = {OBJECTIVE_TAG: objective, SCORE_TAG: repr(score), "tuner.sweep": f"s{score}"}
        mlflow.create_model_version("own", (home / "x").as_uri(), tags=tags)
    versions.set_champion(2)
    assert hand_over(versions, config, {1, 5}) == ""
    assert hand_over(versions, config, {2}) == "the champion of own is now version 3, of the sweep s0.7"
    assert versions.champion() == 3
    assert "own has no champion any more" in hand_over(versions, config, {1, 2, 3, 4})
    assert versions.champion() is None
