"""The study's file while its sweep runs: what belongs together is written at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.common import make_config
from support.made_up_search import begin, metrics_of, report_of, study_of
from support.small_disk import no_larger_than

from tuner.core.callback import Callback
from tuner.core.sweep_folder import JOURNAL_FILE
from tuner.search.journal import Journal
from tuner.search.journal_writer import JournalWriter
from tuner.search.schedulers.base import Decision
from tuner.search.study_reader import read_records


def opened(path: Path) -> JournalWriter:
    """As a storage has it, which begins by reading."""
    writer = JournalWriter(path)
    list(writer.read_logs(0))
    return writer


def numbers(path: Path) -> list[int]:
    return [log["n"] for log in Journal(path).read_logs(0)]


def test_what_belongs_together_is_in_the_file_at_the_end_and_read_back_before(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    Journal(path).append_logs([{"n": 0}])
    writer = opened(path)
    with writer.together():
        writer.append_logs([{"n": 1}])
        assert [log["n"] for log in writer.read_logs(1)] == [1]
        with writer.together():
            writer.append_logs([{"n": 2, "pair": (1, 2)}])
        assert numbers(path) == [0]
    assert numbers(path) == [0, 1, 2]
    [log] = writer.read_logs(2)
    assert log["pair"] == [1, 2]  # as one who reads the file gets it
    writer.append_logs([{"n": 3}])
    assert numbers(path) == [0, 1, 2, 3]


def test_what_a_full_disk_does_not_take_is_written_as_soon_as_it_can_be(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL_FILE
    writer = opened(path)
    writer.append_logs([{"n": 0}])
    before = path.read_bytes()
    with no_larger_than(len(before) + 50), pytest.raises(OSError, match=JOURNAL_FILE), writer.together():
        writer.append_logs([{"n": 1, "text": "y" * 300}])
    with no_larger_than(len(before) + 50), pytest.raises(OSError, match=JOURNAL_FILE):
        writer.append_logs([{"n": 9}])  # after what it waits for
    assert path.read_bytes() == before
    writer.append_logs([{"n": 2}])
    assert numbers(path) == [0, 1, 2]


def test_a_report_and_a_new_trial_are_one_write_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(make_config(), tmp_path)
    path = tmp_path / JOURNAL_FILE
    sizes: list[int] = []
    monkeypatch.setattr("tuner.search.journal.os.fsync", lambda _: sizes.append(path.stat().st_size))
    number, _ = study.ask()
    study.report(number, metrics_of(1, 0.5), kept_epoch=1)
    study.tell(number, "PRUNED", "stopped early")
    assert len(sizes) == 3
    whole = path.read_bytes()
    found = []
    for end in sizes:  # as a kill after each leaves it
        path.write_bytes(whole[:end])
        [record] = read_records(path)
        found.append((bool(record.parameters), record.values, record.state, record.reason))
    assert found == [
        (True, {}, "RUNNING", ""),
        (True, {1: 0.5}, "RUNNING", ""),
        (True, {1: 0.5}, "PRUNED", "stopped early"),
    ]


def test_an_epoch_and_what_is_known_of_its_training_are_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told of it afterwards is on the disk."""
    path, found = tmp_path / JOURNAL_FILE, list[bool]()
    writes: list[int] = []

    class Told(Callback):
        def on_trial_report(self, number: int, metrics: Mapping[str, float]) -> None:
            found.append(read_records(path)[number].metrics == {1: metrics})

    controller, study = begin(make_config(), tmp_path, Told())
    drawn = controller.next_trial()
    assert drawn is not None
    monkeypatch.setattr("tuner.search.journal.os.fsync", writes.append)
    report = replace(report_of(1, 0.5), seed=3, conditions={"threads": 1}, node="a", halved=1)
    assert controller.on_report(drawn[0], report) is Decision.STOP
    assert (len(writes), found) == (1, [True])
    [record] = study.records()
    assert (record.seed, record.nodes, record.halved, record.values) == (3, ((1, "a"),), 1, {1: 0.5})
