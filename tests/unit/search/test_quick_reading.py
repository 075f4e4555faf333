"""A study is read without a search for garbage, and what parameters are drawn from is parsed once."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import optuna
import pytest
from optuna.storages.journal import _storage
from support.common import make_config
from support.made_up_search import metrics_of, study_of

from tuner.search import quick_reading
from tuner.search.study_reader import StudyReader


def test_equal_distributions_are_one_object_after_reading_and_optuna_is_as_it_was(tmp_path: Path) -> None:
    study = study_of(make_config(), tmp_path)
    for _ in range(3):
        study.report(study.ask()[0], metrics_of(1, 0.5))
    parse = vars(_storage)[quick_reading.PARSE]
    reader = StudyReader(tmp_path / "study.log")
    reader.records()
    assert vars(_storage)[quick_reading.PARSE] is parse
    trials = reader._study().get_trials(deepcopy=False)  # type: ignore[union-attr]
    assert len(trials) == 3
    assert trials[0].distributions
    for name, kind in trials[0].distributions.items():
        assert isinstance(kind, optuna.distributions.BaseDistribution)
        assert all(trial.distributions[name] is kind for trial in trials[1:])


def test_the_collection_of_garbage_is_as_it_was_also_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_reading, "_MANY", 100)
    assert gc.isenabled()
    made: list[list[int]] = []

    def fail() -> None:
        with quick_reading.quick_reading(), quick_reading.quick_reading():
            assert not gc.isenabled()
            made.extend([number] for number in range(1000))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.isenabled()
    assert not gc.get_freeze_count()
    assert gc.get_count()[0] < 1000, "the new objects are old ones"
    gc.disable()
    try:
        with quick_reading.quick_reading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_cycles_that_were_made_meanwhile_are_still_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_reading, "_MANY", -1)

    class Node:
        self_reference: object = None

    gone: list[int] = []
    with quick_reading.quick_reading():
        node = Node()
        node.self_reference = node
        weakref.finalize(node, gone.append, 1)
        del node
    gc.collect()
    assert gone == [1]
