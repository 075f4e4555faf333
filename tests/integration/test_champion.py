"""Which of several real trainings is the champion of its pair, what is said of it, and what answers for the pair."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from support.common import Typed, make_config
from support.small_trainings import GOOD, PAIR, champion, client, train, version, winner, write_noise, write_table

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import SweepFolder
from tuner.core.validation import Validation, ValidationScore
from tuner.data.source import Source
from tuner.data.spec import Splits
from tuner.sweeps import champion_alias
from tuner.sweeps.champion_alias import crown, data_at_hand
from tuner.sweeps.compare import compare
from tuner.sweeps.model_lookup import find_model
from tuner.sweeps.sync import sync_sweep
from tuner.tracking.registry import Candidate, register
from tuner.tracking.score_tags import own_tags, scores_in
from tuner.tracking.store import Store
from tuner.tracking.versions import Version, Versions
from tuner.training.classifier import build_classifier
from tuner.training.saved_model import WEIGHTS, save_model
from tuner.training.validation import score_validation


@pytest.fixture(autouse=True)
def store(home: Path, database: Path) -> Store:
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    return Store.of(home)


def answers(home: Path, scratch: Path, sweep: str) -> bool:
    """Whether the model that the pair's name means is the one of this sweep."""
    scratch.mkdir()
    found = find_model(PAIR, home, scratch)
    return (found / WEIGHTS).read_bytes() == (home / sweep / "model" / WEIGHTS).read_bytes()


def test_when_the_data_has_grown_the_better_on_the_new_validation_split_is_champion(
    tmp_path: Path, home: Path, store: Store, typed: Typed
) -> None:
    write_table(tmp_path, 100)
    first = winner(train()[0])
    assert (champion(home), first.test_looks) == (1, 1)
    write_table(tmp_path, 100, 300)
    second = winner(train()[0])
    assert second.model
    assert second.validation
    assert champion(home) == 2
    assert second.model.note.startswith("version 2; before, it was version 1: it has ")
    assert second.model.note.endswith("version 1 may have been trained on some of these samples")
    assert second.test_looks == 1  # the test set is another one
    old = scores_in(version(home, 1).tags)[second.validation.data]
    assert (old.samples, old.seen) == (64, True)
    assert old.score < second.validation.score
    assert version(home, 2).tags["tuner.val_accuracy"] == repr(second.validation.score)
    assert answers(home, tmp_path / "second", f"{PAIR}-2")
    assert [row.sweep.name for row in compare(store, home, None).rows] == [f"{PAIR}-2"]

    code, out, _ = typed("promote", f"{PAIR}-1")  # the name of the sweep
    assert (code, out.splitlines()[0]) == (
        0,
        f"champion of {PAIR}: version 1, of the sweep {PAIR}-1 (before, it was version 2)",
    )
    assert (champion(home), answers(home, tmp_path / "first", f"{PAIR}-1")) == (1, True)
    third = winner(train(epochs=1)[0])
    assert third.model
    assert third.model.note.startswith("version 1 remains the champion, set by hand")
    assert (champion(home), third.test_looks) == (1, 2)
    run = client(home).get_run(version(home, 3).run_id)
    assert run.data.metrics["test_looks"] == 2
    compared = compare(store, home, None)
    assert [(row.sweep.name, row.looks) for row in compared.rows] == [(f"{PAIR}-1", 1)]
    assert f"{PAIR}-1 stands for {PAIR} because it was made its champion by hand (tuner promote)" in compared.notes
    assert f"{PAIR}-1 was tested on an older test set of csv_t_y: its test scores are not comparable" in compared.notes
    assert (
        "2 models of this pair were tested on this test set, up to this one"
        in (home / f"{PAIR}-3" / "report" / "report.html").read_text()
    )


def test_a_champion_of_an_earlier_version_is_scored_and_the_test_set_chooses_nothing(
    tmp_path: Path, home: Path
) -> None:
    write_table(tmp_path, 200)
    winner(train()[0])
    known = version(home, 1)
    for tag in [name for name in known.tags if name.startswith("tuner.val")]:
        client(home).delete_model_version_tag(PAIR, "1", tag)
    client(home).set_model_version_tag(PAIR, "1", "tuner.test_accuracy", "0.0")
    result = home / f"{PAIR}-1" / "sweep.json"
    earlier = SweepConfig.load(home / f"{PAIR}-1")
    replace(earlier, identity=None).save(result.parent)
    second = winner(train(epochs=1, overrides=("lr=0.0001", *GOOD[1:]))[0])
    assert second.validation
    assert champion(home) == 1
    [score] = scores_in(version(home, 1).tags).values()
    assert (score.data, score.seen) == (second.validation.data, False)

    write_table(tmp_path, 200, classes=("left", "right"))
    with pytest.raises(TunerError, match=r"or keep the name by --as csv_t_y$"):
        train()
    outcome, notes = train(known_as="csv_t_y")
    third = winner(outcome)
    assert third.model
    assert any(note.startswith("csv_t_y was the name of csv:") for note in notes)
    assert champion(home) == 3
    assert third.model.note == (
        "version 3; before, it was version 1, which cannot be used on this data any more: it has the classes no, yes"
    )


def test_a_model_that_has_learnt_nothing_is_registered_and_not_champion(
    tmp_path: Path, home: Path, typed: Typed
) -> None:
    write_noise(tmp_path, 120)
    code, out, _ = typed("train", "csv:t.csv", "lstm", "--target", "y", "--epochs", "2", "--set", "hidden_size=8")
    assert code == 0
    assert "Nothing was learnt beyond always saying 'n', as far as 20 validation samples can tell" in out
    for words in ("train csv:", "sweep csv:", "show csv:"):
        assert f"    tuner {words}" in out
    assert "registered, not the champion: not better than always saying" in " ".join(out.split())
    assert version(home, 1).description.startswith("Nothing was learnt beyond always saying 'n'")
    assert not client(home).get_registered_model(PAIR).aliases
    (tmp_path / "new.csv").write_text("a,b,c\n1,2,3\n")
    code, out, err = typed("predict", PAIR, "new.csv")
    assert (code, len(out.splitlines())) == (0, 2)
    assert err.startswith(
        f"warning: {PAIR} has no champion, since no model of it was better than always saying one class"
    )


@pytest.mark.parametrize("gone", [False, True])
def test_a_sweep_of_an_earlier_version_that_is_synced_is_scored_then_or_else_said_to_be_of_unknown_score(
    tmp_path: Path, home: Path, store: Store, typed: Typed, *, gone: bool
) -> None:
    write_table(tmp_path, 100)
    measured = winner(train()[0]).validation
    mlflow = client(home)
    for tag in [name for name in mlflow.get_run(version(home, 1).run_id).data.tags if name.startswith("tuner.val")]:
        mlflow.delete_tag(version(home, 1).run_id, tag)
    mlflow.delete_registered_model(PAIR)
    folder = home / f"{PAIR}-1"
    earlier = {**read_result(folder), "validation": None, "model": None, "unsent": "MLflow was away"}
    write_checked_json(SweepFolder(folder).result, earlier)
    (tmp_path / "new.csv").write_text("a,b,c\n1,2,3\n")
    if gone:
        (tmp_path / "t.csv").unlink()
    synced = sync_sweep(folder, store, lambda _: None)
    unknown = "of unknown score on the validation split; the pair has no champion; to choose this model: tuner promote"
    assert synced.note.startswith(unknown) == gone
    assert read_result(folder)["validation"] == (None if gone or not measured else asdict(measured))
    assert list(scores_in(version(home, 1).tags).values()) == ([] if gone else [measured])
    code, _, err = typed("predict", PAIR, "new.csv")
    assert code == 0
    why = "its models were not scored on a validation split (to set it: tuner promote"
    assert err.startswith(f"warning: {PAIR} has no champion, since {why}") == gone
    assert gone or champion(home) == 1


def add(store: Store, folder: Path, correct: int, data: str = "split") -> str:
    """Registers an untrained model with a score. Returns the unique id of its sweep."""
    mlflow = client(folder / "runs")
    found = mlflow.get_experiment_by_name("e")
    experiment = found.experiment_id if found else mlflow.create_experiment("e", str(store.artifacts))
    splits: Splits = Source("breast_cancer").load()
    model = build_classifier(splits.spec, "lstm", {"hidden_size": 4})
    save_model(folder / f"m{correct}", splits.spec, "lstm", {"hidden_size": 4}, model.state_dict())
    score = ValidationScore(
        data=data, accuracy=correct / 100, loss=0.5, samples=100, base_class="a", base_accuracy=0.5, better=True
    )
    new = Candidate(
        name="p",
        sweep=f"s{correct}",
        uid=f"u{correct}",
        run_id=mlflow.create_run(experiment).info.run_id,
        folder=folder / f"m{correct}",
        data=splits.spec,
        example=splits.validation.inputs[:2].numpy(),
        score=0.0,
        test_data="t",
        tags=own_tags(score),
    )
    register(store.uri, new)
    return new.uid


class Slow(Versions):
    """Moves the alias only after something else has happened."""

    first: Callable[[], object] | None = None

    def set_champion(self, number: int) -> None:
        if self.first:
            other, self.first = self.first, None
            other()
        super().set_champion(number)


def gone() -> Splits:
    raise TunerError("the data is gone")


@pytest.mark.parametrize("data", ["split", "new"])
def test_of_two_sweeps_that_finish_at_once_the_better_or_the_one_of_newer_data_is_champion(
    store: Store, tmp_path: Path, home: Path, data: str
) -> None:
    crown(Versions(store.uri, "p"), add(store, tmp_path, 70), None, gone)
    late, quick = add(store, tmp_path, 80), add(store, tmp_path, 90, data)
    other = Versions(store.uri, "p")
    for number in (1, 2) if data == "new" else ():
        score = scores_in(version(home, number, "p").tags)["split"]
        assert isinstance(score, ValidationScore)
        other.note_score(number, replace(score, data="new", accuracy=0.6))
    slow = Slow(store.uri, "p")
    slow.first = lambda: crown(other, quick, None, gone)
    found = crown(slow, late, None, gone)
    assert champion(home, "p") == 3
    assert (found.champion, found.uri) == (False, "models:/p/2")


def test_a_champion_stays_when_the_data_to_score_it_on_is_not_at_hand(store: Store, tmp_path: Path, home: Path) -> None:
    """As for `tuner sync`, which sends a sweep later; what is at hand is not taken for it when it has changed."""
    crown(Versions(store.uri, "p"), add(store, tmp_path, 70), None, gone)
    found = crown(Versions(store.uri, "p"), add(store, tmp_path, 80, "new"), None, gone)
    assert (champion(home, "p"), found.champion) == (1, False)
    assert found.note == (
        "version 1 remains the champion: it could not be scored on the validation split of this sweep (the data is "
        "gone); to choose this model: tuner promote p/2"
    )
    assert data_at_hand(make_config(dataset="breast_cancer")).spec.name == "breast_cancer"
    with pytest.raises(TunerError, match=r"^the data of demo has changed since$"):
        data_at_hand(make_config(dataset="breast_cancer", data="other"))


class Away(Versions):
    """A registry that does not answer when the files of a model are asked for."""

    def download(self, version: Version, folder: Path) -> Path:
        raise ConnectionError("it is away")


def test_a_champion_is_not_replaced_while_it_cannot_be_fetched(store: Store, tmp_path: Path, home: Path) -> None:
    """The sweep is tried again, now or by `tuner sync`; once its files are known to be gone it is replaced."""
    splits = Source("breast_cancer").load()
    crown(Versions(store.uri, "p"), add(store, tmp_path, 70), None, gone)
    uid = add(store, tmp_path, 80, "new")
    with pytest.raises(ConnectionError):
        crown(Away(store.uri, "p"), uid, None, lambda: splits)
    assert champion(home, "p") == 1
    shutil.rmtree(client(home).get_model_version_download_uri("p", "1").removeprefix("file://"))
    found = crown(Versions(store.uri, "p"), uid, None, lambda: splits)
    assert (champion(home, "p"), found.note) == (
        2,
        "version 2; before, it was version 1, which cannot be used on this data any more: it has lost its files",
    )


def test_a_champion_that_is_scored_again_must_pass_the_level_of_its_number_of_trials(
    store: Store, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = Source("breast_cancer").load()
    asked: list[dict[str, object]] = []

    def noted(folder: Path, splits: Splits, **options: Any) -> Validation:
        asked.append(options)
        return score_validation(folder, splits, **options)

    monkeypatch.setattr(champion_alias, "score_validation", noted)
    crown(Versions(store.uri, "p"), add(store, tmp_path, 70), None, gone)
    run = version(home, 1, "p").run_id
    client(home).set_tag(run, "tuner.config", json.dumps({"data": "old", "trials": 16}))
    crown(Versions(store.uri, "p"), add(store, tmp_path, 80, "new"), "other", lambda: splits)
    assert asked == [{"seen": True, "chosen_of": 16}]
