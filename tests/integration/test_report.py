"""The report of a real sweep: made at its end, and again from its folder alone, finished or not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from markupsafe import escape
from mlflow import MlflowClient
from PIL import Image
from support.common import Finished, Typed, read_runs
from support.made_up_search import Recorder
from torch import Tensor, nn

from tuner.core import scores as plain
from tuner.core.callback import Callbacks
from tuner.core.config import SweepConfig
from tuner.core.outcome import Outcome
from tuner.core.score_text import score_details, score_digits
from tuner.core.sweep_folder import SweepFolder
from tuner.core.target_kind import NUMBERS
from tuner.data.spec import DataSpec
from tuner.report.findings import Findings, attention
from tuner.report.make import PARTS
from tuner.sweeps.drawing import draw_apart, report_state
from tuner.sweeps.publication import publish_report
from tuner.tracking.store import Store
from tuner.training.classifier import Classifier

DRAWN = [
    part.key for part in PARTS if part.draw and not part.optional and not part.of_code and part.kind is not NUMBERS
]
FILES = {*(f"{key}.png" for key in DRAWN), "report.html", "classification.json"}
OF_THE_WINNER = {"confusion", "roc", "classification", "samples", "advice"}


@pytest.fixture
def copy(finished: Finished, home: Path) -> Path:
    """The sweep's folder in an empty home: without its report, and without MLflow's store."""
    folder = home / finished.sweep.name
    shutil.copytree(finished.sweep, folder, ignore=shutil.ignore_patterns("report"))
    return folder


def test_a_sweep_ends_with_a_whole_report(finished: Finished) -> None:
    folder = finished.sweep / "report"
    missing = {f"{name}.png" for name in ("importance",) if not (folder / f"{name}.png").exists()}
    assert {path.name for path in folder.iterdir()} == FILES - missing
    for path in folder.glob("*.png"):
        with Image.open(path) as image:
            image.verify()
    page = (folder / "report.html").read_text(encoding="utf-8")
    scores = plain.TestScores.from_json(finished.result["test"])
    assert score_digits(scores.accuracy, scores.accuracy_interval) in page
    assert all(escape(detail) in page for detail in score_details(scores, "accuracy"))
    assert "warning" not in finished.err


def test_the_report_says_what_the_result_says(finished: Finished) -> None:
    report = json.loads((finished.sweep / "report/classification.json").read_text())
    test = finished.result["test"]
    assert report["accuracy"] == pytest.approx(test["accuracy"])
    assert report["macro"]["f1"] == pytest.approx(test["macro_f1"])
    assert [row["name"] for row in report["classes"]] == [str(n) for n in range(10)]
    assert report["macro"]["support"] == 359
    assert len(Findings.read(finished.sweep).winner.predictions.targets) == 359


def test_the_report_is_among_the_artifacts_of_the_sweeps_run(finished: Finished) -> None:
    [run] = [run for run in read_runs(finished.uri, "digits-cnn") if "tuner.trial" not in run.data.tags]
    sent = MlflowClient(finished.uri).list_artifacts(run.info.run_id, "report")
    assert {Path(artifact.path).name for artifact in sent} == {p.name for p in (finished.sweep / "report").iterdir()}


def test_it_is_made_again_from_the_folder_without_the_data(
    typed: Typed, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_DATA", str(copy / "nowhere"))
    code, out, err = typed("report", copy.name)
    assert code == 0
    assert "warning: the report is not in MLflow" in err  # whose store is not there
    assert str(copy / "report/report.html") in out
    assert FILES - {"importance.png"} <= {path.name for path in (copy / "report").iterdir()}
    shown = json.loads(typed("report", copy.name, "--json")[1])
    assert shown["page"] == str(copy / "report/report.html")
    assert all(Path(name).exists() for name in shown["files"])
    assert not shown["failed"]


def test_a_process_apart_makes_the_same_report(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    process = draw_apart(SweepFolder(copy), send=False, embedded=True)
    assert process is not None
    assert report_state(SweepFolder(copy)) == "is being drawn"
    assert process.wait(600) == 0
    assert report_state(SweepFolder(copy)) == ""
    assert FILES - {"importance.png"} <= {path.name for path in (copy / "report").iterdir()}


def test_an_unfinished_sweep_shows_what_there_is(typed: Typed, copy: Path) -> None:
    typed("report", copy.name)
    (copy / "result.json").unlink()
    before = (copy / "study.log").read_bytes()
    code, out, _ = typed("report", copy.name, "--json")
    assert code == 0
    assert json.loads(out)["missing"]["confusion"].startswith("the sweep is not finished")
    names = {path.stem for path in (copy / "report").iterdir()}
    assert not names & OF_THE_WINNER  # nothing of the earlier report is left
    assert {"curves", "history", "learning", "parallel"} <= names
    assert "The sweep is not finished" in (copy / "report/report.html").read_text(encoding="utf-8")
    assert (copy / "study.log").read_bytes() == before  # which another process may be writing to


def test_a_sweep_that_has_not_begun_says_so(typed: Typed, copy: Path) -> None:
    (copy / "result.json").unlink()
    (copy / "study.log").unlink()
    code, out, _ = typed("report", copy.name, "--json")
    assert code == 0
    assert json.loads(out)["missing"]["history"] == "no trial has a score"


def test_a_sweep_of_an_earlier_version_lacks_only_the_winners_parts(typed: Typed, copy: Path) -> None:
    (copy / "predictions.safetensors").unlink()
    code, out, _ = typed("report", copy.name, "--json")
    assert code == 0
    missing = json.loads(out)["missing"]
    assert {part for part, why in missing.items() if "finished by an earlier version" in why} == set(OF_THE_WINNER)


def test_a_part_that_fails_is_named_and_costs_no_other(typed: Typed, copy: Path) -> None:
    (copy / "predictions.safetensors").write_bytes(b"broken")
    code, out, err = typed("report", copy.name, "--json")
    assert code == 1
    for part in OF_THE_WINNER:
        assert f"the report's part '{part}' could not be made: SafetensorError" in err
    assert "learning.png" in out
    assert "Not shown: SafetensorError" in (copy / "report/report.html").read_text(encoding="utf-8")


def test_a_report_that_cannot_be_made_does_not_fail_the_sweep(copy: Path) -> None:
    (copy / "report").write_text("a file where the folder should be")
    recorder = Recorder()
    config, store = SweepConfig.load(copy), Store.of(copy.parent)
    outcome = Outcome(config=config, folder=copy, records=(), winner=None, seconds=1.0)
    assert publish_report(outcome, store, Callbacks([recorder])) == outcome
    [line] = recorder.warnings
    assert line.startswith("there is no report: ")
    assert f"to make the report again: tuner report {config.name}" in line
    assert "\n" not in line


def test_unknown_sweeps_are_one_line(typed: Typed, copy: Path) -> None:
    code, out, err = typed("report", f"{copy.name}x")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"did you mean {copy.name}" in err


def test_without_sweeps_the_message_says_how_to_begin(typed: Typed) -> None:
    code, _, err = typed("report", "nothing")
    assert code == 2
    assert "tuner sweep" in err


LAZY = """
import sys
from pathlib import Path
from tuner.cli import app
from tuner.sweeps import api
print([name for name in ("matplotlib", "plotly") if name in sys.modules])
from tuner.report.make import make_report
print(make_report(Path(sys.argv[1])).failed)
print([name for name in ("matplotlib.pyplot", "mlflow", "ray") if name in sys.modules])
"""


def test_pictures_cost_nothing_before_they_are_made_and_touch_no_global_state(copy: Path) -> None:
    """pyplot keeps figures and a backend for the whole process."""
    done = subprocess.run([sys.executable, "-c", LAZY, str(copy)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "{}", "[]"]
    assert done.stderr == ""


class Attending(nn.Module):
    """A network that attends to the greater token."""

    def attention(self, tokens: Tensor) -> Tensor:
        return tokens.double().softmax(1)


def test_attention_is_asked_for_what_the_network_gets() -> None:
    spec = DataSpec(name="x", task="text", shape=(5,), classes=("a", "b"), mean=(), std=(), vocabulary=("u", "v"))
    tokens = torch.tensor([[2, 3, 0, 0, 0], [3, 0, 0, 0, 0]])
    weights = attention(Classifier(spec, Attending()), tokens)
    assert weights is not None
    assert weights.shape == (2, 2)  # as long as the longest text
    assert attention(Classifier(spec, nn.Identity()), tokens) is None
