"""Reading a study again and again while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.study import load_study
from support.made_up_home import add_sweep, run
from support.made_up_search import begin

from tuner.core.sweep_folder import SweepFolder
from tuner.search.read_only_storage import ReadOnlyError, read_only_storage
from tuner.search.study_reader import STUDY, StudyReader


def test_a_trial_that_has_not_changed_is_the_same_object(home: Path) -> None:
    config = add_sweep(home, "x", 6, trials=20)
    journal = SweepFolder(home / "x").journal
    reader = StudyReader(journal)
    before = reader.records()
    assert [now is then for now, then in zip(reader.records(), before, strict=True)] == [True] * 6
    run(begin(config, home / "x")[0], 12, 6)
    after = reader.records()
    assert after == StudyReader(journal).records()
    same = [record.number for record, then in zip(after, before, strict=False) if record is then]
    assert same
    assert [after[number] for number in same] == [before[number] for number in same]
    changed = [then.number for record, then in zip(after, before, strict=False) if record is not then]
    assert all(after[number] != before[number] for number in changed)


def test_a_study_that_is_only_looked_at_follows_what_is_written_and_writes_nothing(home: Path) -> None:
    config = add_sweep(home, "x", 4, trials=20)
    journal = SweepFolder(home / "x").journal
    study = load_study(study_name=STUDY, storage=read_only_storage(journal))
    assert len(study.trials) == 4
    run(begin(config, home / "x")[0], 7, 4)
    assert len(study.trials) >= 6
    content = journal.read_bytes()
    with pytest.raises(ReadOnlyError):
        study.set_user_attr("note", "x")
    with pytest.raises(ReadOnlyError):
        study._storage.delete_study(study._study_id)
    assert journal.read_bytes() == content
