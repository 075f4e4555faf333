"""A winner in result.json, also in that of an earlier version, and how it is printed."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from support.common import make_config
from support.made_up_scores import TESTED
from support.made_up_trials import record

from tuner.cli.sweep_tables import print_outcome
from tuner.core.against_default import AgainstDefault
from tuner.core.cost import Cost
from tuner.core.files import write_checked_json
from tuner.core.outcome import Outcome, RegisteredModel, Winner
from tuner.core.refit import Refit
from tuner.core.result_file import read_winner, write_result
from tuner.core.scores import Difference, Interval
from tuner.core.sweep_folder import SweepFolder
from tuner.core.target_kind import CLASSES
from tuner.tracking.store import Store

RECORDS = [record(0, "COMPLETE", [0.91, 0.95]), record(1, "PRUNED", [0.6])]
SCORES = replace(TESTED, base_class="[bold]cat")


def outcome(folder: Path) -> Outcome:
    winner = Winner(
        trial=RECORDS[0],
        epoch=2,
        val_score=0.95,
        val_loss=0.15,
        scores=SCORES,
        cost=Cost(parameters=1, flops=2, bytes=3, train_seconds=4.0),
        test_data="data",
        val_samples=100,
        val_luck=0.013,
        val_likely=Interval(0.8701, 0.9702),
        model=RegisteredModel(uri="models:/digits-cnn@champion", champion=True, note="the first model"),
    )
    config = make_config(name=folder.name, dataset="digits", model="cnn", trials=2, epochs=2)
    return Outcome(config=config, folder=folder, records=tuple(RECORDS), winner=winner, seconds=5.0)


def printed(shown: Outcome) -> str:
    out = Console(file=io.StringIO(), width=300)
    print_outcome(shown, Store.of(shown.folder.parent), out)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_a_winner_comes_back_from_its_file_and_is_printed_with_all_that_is_known(tmp_path: Path) -> None:
    written = outcome(tmp_path / "digits-cnn-1")
    written.folder.mkdir()
    write_result(written)
    raw = json.loads(json.dumps(written.to_json()))
    assert raw["test"]["accuracy_interval"] == [0.96402, 0.99232]
    assert raw["best"]["val_luck"] == 0.013
    assert read_winner(written.folder, RECORDS) == written.winner
    text = printed(written)
    assert "  accuracy  0.983 (0.964 to 0.992; 359 samples; always saying '[bold]cat' gives 0.101)\n" in text
    assert "  loss      0.054 (0.031 to 0.094; the class frequencies give 2.303)\n" in text
    assert (
        "val_accuracy 0.9500 is the best of 2 trials on the same 100 samples, so some of it is luck: "
        "expect about 0.01 less on other data (0.87 to 0.97)\n"
    ) in text


def test_the_file_of_an_earlier_version_is_read_and_printed_without_intervals(tmp_path: Path) -> None:
    written = outcome(tmp_path / "digits-cnn-1")
    written.folder.mkdir()
    raw = written.to_json()
    raw["test"] = {name: raw["test"][name] for name in CLASSES.tested}
    later = ("val_samples", "val_luck", "val_likely")
    raw["best"] = {name: value for name, value in raw["best"].items() if name not in later}
    write_checked_json(SweepFolder(written.folder).result, raw)
    winner = read_winner(written.folder, RECORDS)
    assert (winner.scores.samples, winner.scores.main_interval, winner.val_luck) == (None, None, None)
    text = printed(replace(written, winner=winner))
    assert "  accuracy  0.9833\n" in text
    assert "luck" not in text


BEATEN = Difference(size=0.019, interval=Interval(0.006, 0.036), p=0.01, samples=359)
EXCESS = Difference(size=-0.0333, interval=Interval(-0.09, 0.0104), p=0.2, samples=359)


def test_what_the_validation_score_promised_the_default_and_a_refit_are_told(tmp_path: Path) -> None:
    written = outcome(tmp_path / "digits-cnn-1")
    assert written.winner
    against = AgainstDefault(best=1, difference=BEATEN, epochs=2)
    refit = Refit(epochs=2, samples=1438)
    told = replace(written, winner=replace(written.winner, val_excess=EXCESS, default=against, refit=refit))
    told.folder.mkdir()
    write_result(told)
    assert read_winner(told.folder, RECORDS) == told.winner
    raw = told.to_json()
    assert (raw["default"]["better"], raw["default"]["registered"], raw["default"]["trial"]) == (True, False, 0)
    text = printed(told)
    assert "expect about 0.01 less on other data (0.87 to 0.97); the test set gives 3 points more (-1 to 9)\n" in text
    assert (
        "default   trial 1 beats the default configuration (trial 0) by 1.9 points (0.6 to 3.6) on the same 359 "
        "validation samples\n"
    ) in text
    assert "refit     the winner's parameters, trained again for 2 epochs on all 1,438 training and" in text


def test_a_default_that_is_within_noise_or_is_registered_is_told(tmp_path: Path) -> None:
    noise = replace(BEATEN, interval=Interval(-0.004, 0.042))
    found = AgainstDefault(best=1, difference=noise, epochs=2)
    written = outcome(tmp_path / "digits-cnn-1")
    assert written.winner
    ends = {False: "validation samples: that is within noise\n", True: "be trusted, so the default is registered\n"}
    for registered, ending in ends.items():
        winner = replace(written.winner, default=replace(found, registered=registered))
        assert ending in printed(replace(written, winner=winner))
