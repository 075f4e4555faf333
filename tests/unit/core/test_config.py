"""sweep.json: what a sweep was asked for."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from support.common import make_config

from tuner.core.config import CONFIG_FILE, SweepConfig
from tuner.core.dataset_name import dataset_name
from tuner.core.errors import TunerError
from tuner.core.files import write_checked_json
from tuner.core.sweep_folder import sweep_names
from tuner.search.schedulers import make_scheduler
from tuner.search.space_file import space_of

CONFIG = SweepConfig(
    name="digits-cnn-1",
    dataset="digits",
    model="cnn",
    trials=16,
    epochs=20,
    time_budget=None,
    concurrency=2,
    cpus_per_trial=1,
    gpus_per_trial=0.5,
    seed=7,
    limit=None,
    space={
        "epochs": 20,
        "params": {
            "optimizer": {"choices": ["sgd", "adam"]},
            "lr": {"low": 1.0, "high": 2.0, "log": True},
            "width": {"low": 1, "high": 2},
            "momentum": {"low": 0.1, "high": 0.9, "when": {"optimizer": "sgd"}},
        },
    },
)


@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, time_budget=90.5, limit=200, name="ä b")])
def test_a_configuration_comes_back_as_it_was_saved(tmp_path: Path, config: SweepConfig) -> None:
    config.save(tmp_path / "sweep")
    loaded = SweepConfig.load(tmp_path / "sweep")
    assert loaded == config
    assert space_of(loaded) == space_of(config)
    kinds = {parameter.name: type(parameter.low) for parameter in space_of(loaded).parameters}
    assert (kinds["lr"], kinds["width"]) == (float, int)  # 1.0 must not come back as 1
    assert [path.name for path in (tmp_path / "sweep").iterdir()] == [CONFIG_FILE]


def test_a_sweep_that_began_with_two_rungs_goes_on_with_two(tmp_path: Path) -> None:
    before = {name: value for name, value in asdict(CONFIG).items() if name != "rungs"}
    write_checked_json(tmp_path / CONFIG_FILE, before)
    loaded = SweepConfig.load(tmp_path)
    assert make_scheduler(loaded).rungs() == (2, 7)
    loaded.save(tmp_path)
    assert make_scheduler(SweepConfig.load(tmp_path)).rungs() == (2, 7)
    assert make_scheduler(CONFIG).rungs() == (1, 2, 7)


def test_the_pair_names_experiment_and_model() -> None:
    assert CONFIG.pair == "digits-cnn"


def test_a_folder_without_configuration_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(TunerError) as caught:
        SweepConfig.load(tmp_path / "none")
    assert str(caught.value) == f"there is no sweep in {tmp_path / 'none'}: sweep.json is missing"


WITHOUT_TRIALS = {name: value for name, value in asdict(CONFIG).items() if name != "trials"}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b'"text"', b"null", b"{}", b"\xff\xfe", json.dumps(WITHOUT_TRIALS).encode()],
)
def test_a_damaged_configuration_is_said_to_be_damaged_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(content)
    with pytest.raises(TunerError) as caught:
        SweepConfig.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / CONFIG_FILE} is damaged: ")
    assert "\n" not in str(caught.value)


def test_a_configuration_of_a_later_version_may_say_more(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(json.dumps({**asdict(CONFIG), "later": 1}), encoding="utf-8")
    assert SweepConfig.load(tmp_path) == CONFIG


def test_a_search_space_that_does_not_parse_is_named_after_its_sweep() -> None:
    with pytest.raises(TunerError, match=r"^the search space of digits-cnn-1: \[params\] is missing or empty$"):
        space_of(replace(CONFIG, space={"epochs": 1}))


def test_the_sweeps_of_a_home_are_listed_oldest_first(tmp_path: Path) -> None:
    for time, name in enumerate(["b", "c", "a"]):
        CONFIG.save(tmp_path / name)
        os.utime(tmp_path / name / CONFIG_FILE, (time, time))
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "mlflow.db").touch()
    assert sweep_names(tmp_path) == ["b", "c", "a"]


@pytest.mark.parametrize("make", [lambda _: None, lambda home: home.mkdir(), lambda home: home.touch()])
def test_a_home_that_is_missing_empty_or_a_file_has_no_sweeps(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "home")
    assert sweep_names(tmp_path / "home") == []


def test_a_sweep_of_an_earlier_version_keeps_the_name_of_its_pair() -> None:
    earlier = make_config(dataset="csv:/data/Größe.csv", target="Fuß", model="mlp")
    assert earlier.pair == "csv_gr_e_fu-mlp"
    now = replace(earlier, identity={})
    assert now.pair == f"{dataset_name('csv:/data/Größe.csv', 'Fuß')}-mlp" != earlier.pair
