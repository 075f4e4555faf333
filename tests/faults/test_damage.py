"""A byte changed or the end cut off, at many seeded places of each file: seen and told in a line, or nothing lost."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from support.checkpoints import train, training
from support.common import Finished, make_config
from support.made_up_search import Recorder, begin, drive, report_of, study_of

from faults.damage import BEFORE, BELIEVED, END, WHOLE, tally
from faults.inventory import Inventory
from faults.ledger import Ledger
from tuner.cli import status
from tuner.core.config import CONFIG_FILE, SweepConfig
from tuner.core.errors import SweepError, TunerError
from tuner.core.files import write_checked_json
from tuner.core.records import TrialRecord
from tuner.core.result_file import read_result
from tuner.core.sweep_folder import JOURNAL_FILE, SweepFolder
from tuner.data.source import Source
from tuner.report.make import make_report
from tuner.search.study_reader import read_records
from tuner.sweeps.final_test import evaluate_best
from tuner.sweeps.resume import repair_folder
from tuner.training import checkpoint
from tuner.training.checkpoint_manager import CheckpointManager

TIMES = 300
WROTE = {"sweep": "x", "unsent": "", "trials": {"COMPLETE": 3, "PRUNED": 9}, "test": {"accuracy": 0.9375, "loss": 0.21}}


def told(error: Exception, file: Path) -> str:
    """END for one line that names the file."""
    assert "\n" not in str(error)
    assert str(file) in str(error)
    return END


def enter(ledger: Ledger, what: str, ends: Counter[str]) -> None:
    """It was seen each time."""
    believed = [f"{ends[BELIEVED]} of {ends.total()} were believed"] if ends[BELIEVED] else []
    ledger.enter(f"a byte changed, or the end cut off: {what}", ends.total(), Inventory(wrong=believed))
    assert believed == []


def same(one: Any, other: Any) -> bool:
    """Whether two states of a training are the same to the last digit."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.faults
def test_a_damaged_sweep_json_is_one_line(tmp_path: Path, ledger: Ledger) -> None:
    config = make_config()
    config.save(tmp_path)

    def look() -> str:
        try:
            return WHOLE if SweepConfig.load(tmp_path) == config else BELIEVED
        except TunerError as error:
            return told(error, tmp_path / CONFIG_FILE)

    ends = tally(tmp_path / CONFIG_FILE, look, times=TIMES, seed=1)
    enter(ledger, "sweep.json", ends)
    assert ends[END] > TIMES / 2


@pytest.mark.faults
def test_a_damaged_result_json_is_one_line(tmp_path: Path, ledger: Ledger) -> None:
    write_checked_json(SweepFolder(tmp_path).result, WROTE)

    def look() -> str:
        try:
            return WHOLE if read_result(tmp_path).items() >= WROTE.items() else BELIEVED
        except TunerError as error:
            return told(error, SweepFolder(tmp_path).result)

    ends = tally(SweepFolder(tmp_path).result, look, times=TIMES, seed=2)
    enter(ledger, "result.json", ends)
    assert ends[END] > TIMES / 2


def states(journal: Path) -> list[list[TrialRecord]]:
    """What the study knew after each of its lines."""
    lines = journal.read_bytes().splitlines(keepends=True)
    part = journal.with_name("part.log")
    found = []
    for count in range(len(lines) + 1):
        part.write_bytes(b"".join(lines[:count]))
        found.append(read_records(part))
    return found


@pytest.mark.faults
def test_a_damaged_study_is_one_line_or_what_it_was_before_its_last_lines(tmp_path: Path, ledger: Ledger) -> None:
    drive(begin(make_config(), tmp_path)[0], Counter())
    known = states(SweepFolder(tmp_path).journal)

    def look() -> str:
        try:
            found = read_records(SweepFolder(tmp_path).journal)
        except TunerError as error:
            return told(error, SweepFolder(tmp_path).journal)
        if found == known[-1]:
            return WHOLE
        return BEFORE if found in known else BELIEVED

    ends = tally(SweepFolder(tmp_path).journal, look, times=TIMES, seed=3)
    enter(ledger, "the study", ends)
    assert ends[BEFORE], "torn last lines"
    assert ends[END] > TIMES / 2


@pytest.mark.faults
def test_a_damaged_checkpoint_gives_way_to_the_one_before_it_and_says_so(tmp_path: Path, ledger: Ledger) -> None:
    subject, checkpoints, saved = training(), CheckpointManager(tmp_path), []
    for _ in range(2):
        train(subject)
        checkpoints.save(subject, now=True)
        saved.append(checkpoint.read_checkpoint(tmp_path / checkpoint.CHECKPOINT_FILE))

    def look() -> str:
        found, damage = checkpoint.read_latest(tmp_path)
        if same(found, saved[1]):
            return WHOLE
        if not same(found, saved[0]):
            return BELIEVED
        return BEFORE if damage.startswith(str(tmp_path)) and "\n" not in damage else BELIEVED

    ends = tally(tmp_path / checkpoint.CHECKPOINT_FILE, look, times=TIMES, seed=4)
    enter(ledger, "a checkpoint", ends)
    assert not ends[END]
    assert ends[BEFORE] > TIMES / 2


def test_a_training_says_that_its_checkpoint_was_damaged_and_from_where_it_goes_on(tmp_path: Path) -> None:
    subject, checkpoints = training(), CheckpointManager(tmp_path)
    for _ in range(3):
        train(subject)
        checkpoints.save(subject, now=True)
    (tmp_path / checkpoint.CHECKPOINT_FILE).write_bytes(b"")
    again = CheckpointManager(tmp_path)
    assert again.restore(training())
    [note] = again.take_notes()
    assert note.startswith(f"{tmp_path / checkpoint.CHECKPOINT_FILE} is damaged: ")
    assert note.endswith(": it restarts from its checkpoint of epoch 2")
    (tmp_path / checkpoint.PREVIOUS_FILE).write_bytes(b"")
    assert not again.restore(training())
    [note] = again.take_notes()
    assert note.endswith(": it restarts from its first epoch")


def test_a_checkpoint_that_is_ahead_of_a_study_cut_short_is_not_gone_on_from(tmp_path: Path) -> None:
    first, _ = begin(make_config(), tmp_path)
    for number in (0, 1):
        assert first.next_trial() is not None
        subject, checkpoints = training(), CheckpointManager(tmp_path / "trials" / f"{number:04d}")
        for epoch in range(1, 4):
            train(subject)
            checkpoints.save(subject, now=True)
            if number == 0 and epoch == 1:
                first.on_report(0, report_of(1, 0.5))
    study = study_of(make_config(), tmp_path)
    assert repair_folder(study, tmp_path) == [
        "trial 0 starts again: its checkpoint has more epochs than the study",
        "trial 1 starts again: its checkpoint has more epochs than the study",
    ]
    assert list((tmp_path / "trials").iterdir()) == []


def test_weights_of_another_epoch_than_the_best_are_called_what_they_are(finished: Finished, tmp_path: Path) -> None:
    """As when the newest checkpoint is damaged and the one before it is of an earlier epoch."""
    best = read_records(SweepFolder(finished.sweep).journal)[finished.result["best"]["trial"]]
    shutil.copytree(finished.sweep / "trials", tmp_path / "trials")
    config = SweepConfig.load(finished.sweep)
    other = replace(best, kept={best.epoch: next(epoch for epoch in best.values if epoch != best.best_epoch)})
    assert other.best_epoch != best.best_epoch
    splits, folder = Source.of(config).load(config.limit), SweepFolder(tmp_path)
    recorder = Recorder()
    winner = evaluate_best(config, splits, other, folder, None, recorder.on_note)
    assert (winner.epoch, winner.val_score) == (best.best_epoch, best.score)
    [line] = recorder.warnings
    assert line.startswith(f"the saved model is trial {best.number} after epoch {best.best_epoch} (val_accuracy ")
    assert f"; by the study it would be epoch {other.best_epoch} (" in line
    recorder = Recorder()
    assert evaluate_best(config, splits, best, folder, None, recorder.on_note).trial == best
    assert recorder.notes == []
    shutil.rmtree(tmp_path / "trials")
    with pytest.raises(
        SweepError, match=r"no checkpoint in .*; to train it again: tuner train digits cnn --from-trial"
    ):
        evaluate_best(config, splits, best, folder, None, Recorder().on_note)


def test_one_damaged_sweep_does_not_hide_the_others(finished: Finished, home: Path) -> None:
    for name in ("a", "b", "c"):
        shutil.copytree(finished.sweep, home / name)
    damage: dict[str, Callable[[str], str]] = {"a": lambda text: text[: len(text) // 2], "b": lambda text: "{" + text}
    for name, file in (("a", CONFIG_FILE), ("b", JOURNAL_FILE)):
        path = home / name / file
        path.write_text(damage[name](path.read_text()))
    said, told = io.StringIO(), io.StringIO()
    out, err = Console(file=said, width=120), Console(file=told, width=300)
    assert status.show_status(None, watch=False, as_json=False, out=out, err=err) == 1
    _, *rows = said.getvalue().splitlines()  # without the heading
    assert [row.split()[:2] for row in rows] == [["c", "finished"]]
    first, second = sorted(told.getvalue().splitlines())
    assert first.startswith(f"left out: a: {home / 'a' / CONFIG_FILE} is damaged: ")
    assert second.startswith(f"left out: b: {home / 'b' / JOURNAL_FILE} is damaged in line 1: ")
    with pytest.raises(TunerError, match=r"study\.log is damaged in line 1: "):
        status.show_status("b", watch=False, as_json=False, out=out, err=err)
    with pytest.raises(TunerError, match=r"study\.log is damaged in line 1: "):
        make_report(home / "b")
