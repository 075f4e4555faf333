"""The study's file: whole lines only, damage is seen, and Optuna reads it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support.common import make_config, read_study
from support.made_up_search import Recorder, begin, drive, metrics_of, report_of, study_of
from support.small_disk import no_larger_than

from tuner.core.errors import TunerError
from tuner.core.sweep_folder import JOURNAL_FILE
from tuner.core.trial_report import TrialReport
from tuner.search.journal import Journal, drop_torn_line
from tuner.search.schedulers.base import Decision
from tuner.search.study_reader import read_records


def test_what_a_full_disk_does_not_take_leaves_no_half_line_and_the_next_one_is_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL_FILE)
    journal.append_logs([{"n": 0, "text": "x" * 300}])
    before = (tmp_path / JOURNAL_FILE).read_bytes()
    with no_larger_than(len(before) + 100), pytest.raises(OSError, match=JOURNAL_FILE):
        journal.append_logs([{"n": 1, "text": "y" * 300}])
    assert (tmp_path / JOURNAL_FILE).read_bytes() == before
    journal.append_logs([{"n": 2}])
    assert [log["n"] for log in Journal(tmp_path / JOURNAL_FILE).read_logs(0)] == [0, 2]


def test_each_look_reads_what_is_new_and_waits_for_a_line_that_is_being_written(tmp_path: Path) -> None:
    writer, reader = Journal(tmp_path / JOURNAL_FILE), Journal(tmp_path / JOURNAL_FILE)
    writer.append_logs([{"n": 0}, {"n": 1}])
    assert [log["n"] for log in reader.read_logs(0)] == [0, 1]
    with (tmp_path / JOURNAL_FILE).open("ab") as file:
        file.write(b'{"n": 2')
        file.flush()
        assert list(reader.read_logs(2)) == []
        file.write(b"}\n")
    assert [log["n"] for log in reader.read_logs(2)] == [2]
    assert [log["n"] for log in reader.read_logs(1)] == [1, 2]


@pytest.mark.parametrize("end", [b'{"n": 1', b'{"n": 1}', b'{"n": 1,"crc":"00000000"}\n', b"\x00" * 40, b"{\xff}\n"])
def test_a_last_line_that_is_not_whole_is_dropped(tmp_path: Path, end: bytes) -> None:
    Journal(tmp_path / JOURNAL_FILE).append_logs([{"n": 0}])
    whole = (tmp_path / JOURNAL_FILE).read_bytes()
    assert not drop_torn_line(tmp_path / JOURNAL_FILE)
    (tmp_path / JOURNAL_FILE).write_bytes(whole + end)
    assert drop_torn_line(tmp_path / JOURNAL_FILE)
    assert (tmp_path / JOURNAL_FILE).read_bytes() == whole


@pytest.mark.parametrize("size", [10, 70_000, 200_000])
def test_only_the_last_line_is_looked_at_however_long_it_is(tmp_path: Path, size: int) -> None:
    path = tmp_path / JOURNAL_FILE
    Journal(path).append_logs([{"n": 0}, {"n": 1, "text": "x" * size}])
    whole = path.read_bytes()
    assert not drop_torn_line(path)
    for left in (1, 5, size):
        path.write_bytes(whole[:-left])
        assert drop_torn_line(path)
        assert [log["n"] for log in Journal(path).read_logs(0)] == [0]
    first = path.read_bytes()
    path.write_bytes(first[:-1])
    assert drop_torn_line(path)
    assert path.read_bytes() == b""
    assert not drop_torn_line(path)


def test_lines_without_a_checksum_among_others_are_read_and_damaged_ones_named(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    journal = Journal(path)
    journal.append_logs([{"n": 0}])
    with path.open("ab") as file:
        file.write(b'{"n": 1}\n')
    journal.append_logs([{"n": 2}])
    assert [log["n"] for log in Journal(path).read_logs(0)] == [0, 1, 2]
    whole = path.read_bytes()
    for damaged in (b'{"n": 1},{"n": 7}\n', b'{"n": 1\n', b"[1]\n"):
        path.write_bytes(whole.replace(b'{"n": 1}\n', damaged))
        with pytest.raises(TunerError, match="is damaged in line 2: "):
            list(Journal(path).read_logs(0))


def test_a_digit_changed_in_the_middle_is_seen_and_the_line_named(tmp_path: Path) -> None:
    first = study_of(make_config(), tmp_path)
    number, _ = first.ask()
    first.report(number, metrics_of(1, 0.25))
    text = (tmp_path / JOURNAL_FILE).read_text()
    damaged = text.replace('"val_accuracy":0.25', '"val_accuracy":0.95')
    assert damaged != text
    (tmp_path / JOURNAL_FILE).write_text(damaged)
    [line] = [n for n, line in enumerate(damaged.splitlines(), 1) if "0.95" in line]
    with pytest.raises(TunerError, match=f"{JOURNAL_FILE} is damaged in line {line}: "):
        read_records(tmp_path / JOURNAL_FILE)
    with pytest.raises(TunerError, match=f"{JOURNAL_FILE} is damaged in line {line}: "):
        study_of(make_config(), tmp_path)


def test_optuna_alone_reads_it_and_a_journal_of_optunas_own_is_read(tmp_path: Path) -> None:
    first = study_of(make_config(), tmp_path)
    for score in (0.25, 0.5):
        number, _ = first.ask()
        first.report(number, metrics_of(1, score))
    assert [trial.intermediate_values for trial in read_study(tmp_path).trials] == [{1: 0.25}, {1: 0.5}]
    trial = read_study(tmp_path).ask()  # written by Optuna, without checksums, as earlier versions did
    trial.report(0.75, 1)
    assert [record.values for record in read_records(tmp_path / JOURNAL_FILE)] == [{1: 0.25}, {1: 0.5}, {1: 0.75}]


@pytest.mark.parametrize("room", range(0, 12_000, 1450))
def test_a_study_that_cannot_be_written_halts_the_sweep_which_loses_nothing(tmp_path: Path, room: int) -> None:
    """In the middle of a draw, of a report, of the word of an end."""
    first, _ = begin(make_config(), tmp_path)
    with no_larger_than((tmp_path / JOURNAL_FILE).stat().st_size + room):
        drive(first, Counter())
        assert first.halted == f"the file has reached its size limit: {tmp_path / JOURNAL_FILE}"
        assert first.next_trial() is None
        assert not first.over
        first.on_lost(0, "its worker died")
    halted = read_records(tmp_path / JOURNAL_FILE)
    assert all(sorted(record.values) == list(range(1, record.epoch + 1)) for record in halted)
    drive(begin(make_config(), tmp_path)[0], Counter({record.number: record.epoch for record in halted}))
    after = read_records(tmp_path / JOURNAL_FILE)
    assert [record.number for record in after] == list(range(12))
    assert all(sorted(record.values) == list(range(1, record.epoch + 1)) for record in after)
    for before, now in zip(halted, after, strict=False):
        assert before.metrics.items() <= now.metrics.items()
        assert not before.ended or before == now


def test_a_checkpoint_that_cannot_be_written_halts_the_sweep_and_fails_no_trial(tmp_path: Path) -> None:
    first, _ = begin(make_config(), tmp_path)
    assert first.next_trial() is not None
    assert first.next_trial() is not None
    assert first.on_report(1, TrialReport(unsaved="the disk is full: x")) is Decision.STOP
    assert (first.halted, first.over, first.next_trial()) == ("the disk is full: x", False, None)
    assert {record.state for record in read_records(tmp_path / JOURNAL_FILE)} == {"RUNNING"}


def test_what_trials_have_to_say_is_passed_on_once(tmp_path: Path) -> None:
    recorder = Recorder()
    first, _ = begin(make_config(), tmp_path, recorder)
    assert first.next_trial() is not None
    first.on_report(0, replace(report_of(1, 0.5), notes=("checkpoint.pt is damaged",)))
    assert recorder.notes == recorder.warnings == ["trial 0: checkpoint.pt is damaged"]
    assert first.next_trial() is not None
    first.on_report(1, report_of(1, 0.6))
    assert recorder.notes == ["trial 0: checkpoint.pt is damaged"]


def test_a_sweep_whose_last_word_is_not_taken_is_not_over(tmp_path: Path) -> None:
    """Otherwise the trial that has come to its end would be ended as one that the time budget has cut short."""
    first, _ = begin(make_config(trials=1), tmp_path)
    assert first.next_trial() is not None
    sizes = []
    for epoch in range(1, 9):
        first.on_report(0, report_of(epoch, 0.5))
        if not first.live():
            first.next_trial()
        sizes.append((tmp_path / JOURNAL_FILE).stat().st_size)
    with no_larger_than(2 * sizes[-1] - sizes[-2] + 20):
        first.on_report(0, report_of(9, 0.5))
    assert first.halted
    [record] = read_records(tmp_path / JOURNAL_FILE)
    assert (record.state, record.epoch) == ("RUNNING", 9)
    assert not first.over
    again, _ = begin(make_config(trials=1), tmp_path)
    assert again.over
    assert [(record.state, record.epoch) for record in read_records(tmp_path / JOURNAL_FILE)] == [("COMPLETE", 9)]
