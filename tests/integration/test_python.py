"""The Python API with real sweeps: what a notebook or a pipeline does."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.common import Finished
from support.processes import wait_until

import tuner
from tuner.core.sweep_folder import SweepFolder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> tuner.Sweep:
    monkeypatch.setenv("TUNER_HOME", str(finished.home))
    return tuner.Sweep.open(str(finished.result["sweep"]))


def run(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a user's script in a folder, without `if __name__ == "__main__"`."""
    file = folder / "script.py"
    file.write_text(script)
    return subprocess.run(
        [sys.executable, file.name], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_finished_sweep_is_opened(opened: tuner.Sweep, finished: Finished) -> None:
    told = finished.result
    result, best = opened.result, opened.best
    assert result.finished
    assert (best.number, best.epoch) == (told["best"]["trial"], told["best"]["epoch"])
    assert best.parameters == told["best"]["parameters"]
    accuracy = best.scores["test_accuracy"]
    assert float(accuracy) == told["test"]["accuracy"]
    assert list(accuracy.interval or ()) == told["test"]["accuracy_interval"]
    assert best.scores["val_accuracy"].interval is not None
    assert result.report == SweepFolder(finished.sweep).report_page
    assert "finished: trial" in repr(result)
    assert opened.status().state == "finished"
    with pytest.raises(tuner.TunerError, match="is not running: it is finished"):
        opened.stop()


def test_the_trials_are_a_data_frame(opened: tuner.Sweep, finished: Finished) -> None:
    trials = opened.trials
    assert trials.index.name == "number"
    assert trials["state"].value_counts().to_dict() == finished.result["trials"]
    best = trials.loc[finished.result["best"]["trial"]]
    assert best["val_accuracy"] == finished.result["best"]["val_accuracy"]
    assert best["params_lr"] == finished.result["best"]["parameters"]["lr"]
    assert trials["val_accuracy"].max() == best["val_accuracy"]


def test_the_model_predicts_raw_samples(opened: tuner.Sweep, finished: Finished) -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    model = opened.result.model
    images = digits.images[:200].astype(np.uint8)
    names, probabilities = model.predict(images), model.predict_proba(images)
    assert (names == digits.target[:200].astype(str)).mean() > 0.8
    assert list(probabilities.columns) == list(model.classes)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    champion = tuner.load_model("digits-cnn")
    assert (champion.predict(images) == names).all()
    with pytest.raises(tuner.TunerError, match="digits-cnn"):
        tuner.load_model("digits-cn")


def test_an_unknown_name_is_told_with_the_nearest(opened: tuner.Sweep) -> None:
    with pytest.raises(tuner.TunerError, match=f"did you mean {opened.name}"):
        tuner.Sweep.open(opened.name[:-1])
    with pytest.raises(tuner.TunerError, match="unknown model 'cn': did you mean cnn"):
        tuner.sweep("digits", "cn", progress=False)


SMALL = 'trials=2, max_epochs=2, set=["width=0.25", "optimizer=adam"], name="small"'


@pytest.mark.proof
def test_a_script_sweeps_in_a_thread_beside_a_running_loop_and_goes_on(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    script = f"""
import asyncio, os, threading
from tuner import Sweep, sweep, train

before = dict(os.environ)
found = []

def work():
    found.append(sweep("digits", "cnn", {SMALL}, space={{"lr": {{"low": 1e-3, "high": 1e-2, "log": True}}}}))

async def main():
    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.1)

asyncio.run(main())
assert dict(os.environ) == before
[result] = found
print(result.finished, len(result.trials), list(result.best.parameters))
more = Sweep.open("small").resume(trials=3, progress=False)
print(more.finished, len(more.trials))
once = train("digits", "cnn", from_best="small", max_epochs=1, progress=False)
print(once.name, once.finished, once.best.parameters == more.best.parameters)
"""
    done = run(script, tmp_path, environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True 2 ['lr', 'width', 'optimizer']",
        "True 3",
        "digits-cnn-1 True True",
    ]
    assert "small: 2 trials of cnn on digits, at most 2 epochs each" in done.stderr


@pytest.mark.proof
def test_ctrl_c_ends_with_a_result_so_far_and_the_end_of_the_user_with_a_paused_sweep(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    script = """
from tuner import sweep
result = sweep("digits", "cnn", trials=40, name="long")
print(result.finished, len(result.trials) > 0, result.best.number >= 0)
"""
    file = tmp_path / "script.py"
    file.write_text(script)

    def begin() -> subprocess.Popen[str]:
        command = [sys.executable, file.name]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)

    def epochs() -> int:
        from tuner.search.study_reader import read_records

        journal = tmp_path / "runs" / "long" / "study.log"
        return sum(len(record.values) for record in read_records(journal)) if journal.exists() else 0

    with begin() as process:
        assert wait_until(lambda: epochs() > 2, timeout=240)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
        assert (process.returncode, out) == (0, "False True True\n")
    before = epochs()
    file.write_text("from tuner import Sweep\nSweep.open('long').resume()\n")
    with begin() as process:
        assert wait_until(lambda: epochs() > before, timeout=240)
        process.kill()

    def state() -> str:
        from tuner.sweeps.sweep_reader import SweepReader

        return SweepReader("long", tmp_path / "runs").status().state

    assert wait_until(lambda: state() == "paused", timeout=120)
