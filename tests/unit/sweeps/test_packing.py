"""When trials are trained in packs, and when in workers, with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.made_up_search import Recorder

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.sweep_request import SweepRequest
from tuner.execution.executor import runs_in_packs
from tuner.execution.in_process import InProcessExecutor
from tuner.sweeps import packing
from tuner.sweeps.plan import plan
from tuner.sweeps.resume import fit_to_machine


def planned(pack: str, **given: Any) -> tuple[SweepConfig, list[str]]:
    told = Recorder()
    request = SweepRequest(**{"dataset": "breast_cancer", "model": "mlp", "trials": 30, "pack": pack, **given})
    request.check()
    return plan(request, "x", events=told)[0], told.notes


def test_workers_unless_packs_are_asked_for() -> None:
    assert planned("off")[0].pack == 0


@pytest.mark.parametrize(("trials", "size"), [(30, 5), (3, 3)])
def test_a_pack_has_as_many_trials_as_asked_for(trials: int, size: int) -> None:
    config, notes = planned("5", trials=trials)
    assert (config.pack, config.concurrency, notes) == (size, size, [])
    assert runs_in_packs(config)
    assert fit_to_machine(config) == config  # which has fewer cores than that


@pytest.mark.parametrize(("seconds", "size"), [(packing.PAYS_S / 2, packing.PACK), (packing.PAYS_S * 2, 0)])
def test_auto_goes_by_the_time_of_an_epoch(seconds: float, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_epoch_seconds", lambda *_: seconds)
    config, notes = planned("auto")
    assert config.pack == size
    assert notes == ([] if size else ["--pack auto: no packs, since an epoch takes 0.2 s, which is long enough for "
                                      "workers of their own"])  # fmt: skip


def test_an_epoch_of_a_small_table_is_measured_as_short() -> None:
    config, _ = planned("off")
    assert config.pack == 0
    assert planned("auto", limit=100)[0].pack == packing.PACK


@pytest.mark.parametrize(
    ("pack", "given", "why"),
    [
        ("auto", {"concurrency": 1}, "--concurrency says how many trials run at a time"),
        ("4", {"trial_timeout": 60.0}, "--trial-timeout needs workers that can be ended"),
    ],
)
def test_where_there_are_none_it_is_said_why(pack: str, given: dict[str, Any], why: str) -> None:
    config, notes = planned(pack, **given)
    assert config.pack == 0
    assert notes == [f"--pack {pack}: no packs, since {why}"]


def test_trials_with_gpus_have_none() -> None:
    assert packing.why_not(replace(planned("4")[0], gpus_per_trial=0.5)) == "trials have GPUs"


def test_a_cluster_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    config, _ = planned("4")
    monkeypatch.setattr(packing, "on_cluster", lambda: True)
    monkeypatch.setattr("tuner.execution.executor.on_cluster", lambda: True)
    assert "a cluster" in packing.why_not(config)
    assert not runs_in_packs(config)


@pytest.mark.parametrize("pack", ["1", "0", "-3", "some"])
def test_what_is_no_size_is_refused(pack: str) -> None:
    with pytest.raises(TunerError, match=f"--pack {pack}: give off, auto, or a number of trials of at least 2"):
        planned(pack)


def test_a_single_training_has_the_process_for_itself() -> None:
    config, _ = planned("4", trials=1)
    assert (config.pack, runs_in_packs(config)) == (0, False)
    assert InProcessExecutor.shares_disk
