"""A sweep whose trials train a head on a frozen network: features once on a node, whole models at the end."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from support.common import Command
from support.json_check import check_json
from support.processes import end, start
from support.ray_cluster import ray_cluster
from support.small_weights import textures, write_weights

from tuner.core.sweep_folder import SweepFolder
from tuner.search.study_reader import read_records
from tuner.training.checkpoint import read_latest
from tuner.training.saved_model import load_model

SIZE = ("--trials", "3", "--concurrency", "2", "--max-epochs", "2", "--scheduler", "none", "--name", "x")
FEATURES = 1280  # of mobilenet_v2


@pytest.fixture
def sweep(tmp_path: Path) -> tuple[str, ...]:
    """The words of a sweep over 120 images."""
    images, targets = textures(120)
    for number, (image, target) in enumerate(zip(images, targets.tolist(), strict=True)):
        place = tmp_path / "photos" / ("fine", "coarse")[target] / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.movedim(0, 2).numpy()).save(place)
    weights = write_weights(tmp_path / "mobile.safetensors")
    pair = (f"folder:{tmp_path / 'photos'}", "mobilenet_v2", "--weights", str(weights))
    return ("sweep", *pair, "--set", "train=feature_extraction", *SIZE)


def shapes(data: Path) -> list[tuple[int, ...]]:
    """Those of the features that are kept in a folder of data."""
    return sorted(tuple(load_file(each)["features"].shape) for each in (data / "cache" / "features").iterdir())


def test_features_are_computed_once_for_all_trials_and_models_are_whole(
    tuner: Command, tmp_path: Path, sweep: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    done = tuner(*sweep, "--wait", "--json", folder=tmp_path, TUNER_DATA=str(data))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"]
    parts = [(20, FEATURES), (24, FEATURES), (76, FEATURES)]  # validation, test and training samples
    assert shapes(data) == parts
    folder, names = SweepFolder(tmp_path / "runs" / "x"), set[str]()
    records = read_records(folder.journal)
    assert [each.state for each in records] == ["COMPLETE"] * 3
    [frozen] = folder.trials.glob("frozen-*.safetensors")
    for place in folder.trials.glob("[0-9]*"):
        state, _ = read_latest(place)
        assert state
        names = set(state["best_weights"])
        assert all(name.startswith("network.head.") for name in names)
    model, _ = load_model(folder.model)
    whole, kept = model.state_dict(), load_file(frozen)
    assert all(torch.equal(whole[name], kept[name]) for name in kept)
    assert whole.keys() - kept.keys() == names


@pytest.mark.proof
def test_other_seeds_folds_and_all_samples_take_the_same(
    tuner: Command, tmp_path: Path, sweep: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    more = ("--folds", "3", "--test-by", "mean", "--refit", "--wait", "--json")
    done = tuner(*sweep, *more, folder=tmp_path, TUNER_DATA=str(data))
    assert done.returncode == 0, done.stderr
    result = check_json("sweep DATASET MODEL", done.stdout)
    assert (result["refit"]["samples"], len(result["confirm"]["test"]["accuracy"]["values"])) == (96, 3)
    assert shapes(data) == [(20, FEATURES), (24, FEATURES), (76, FEATURES)]


COUNTED = """
import os, sys, time
from pathlib import Path
import ray, torch
from tuner.training.feature_files import FeatureFiles

@ray.remote(num_cpus=1)
def trial(number):
    def compute():
        with (Path.home() / "computed").open("a") as file:
            file.write(f"{number}\\n")
        time.sleep(2)
        return torch.arange(6.0).reshape(3, 2)
    return os.environ["HOME"], float(FeatureFiles().get("key", compute).sum())

ray.init(address="auto", log_to_driver=False)
spread = [trial.options(scheduling_strategy="SPREAD").remote(number) for number in range(8)]
found = ray.get(spread)
assert {total for _, total in found} == {15.0}
print(len({home for home, _ in found}))
"""


@pytest.mark.proof
def test_each_node_of_a_cluster_computes_them_once(tmp_path: Path) -> None:
    with ray_cluster(cpus=2, environment={"TUNER_DATA": ""}) as cluster:
        cluster.add(cpus=2)
        environment = {**cluster.environment, "RAY_ADDRESS": f"127.0.0.1:{cluster.gcs}", "HOME": str(tmp_path)}
        output = tmp_path / "output.txt"
        process = start([sys.executable, "-c", COUNTED], folder=tmp_path, environment=environment, output=output)
        try:
            assert process.wait(timeout=240) == 0, output.read_text()
        finally:
            end(process, signal.SIGKILL)
        assert output.read_text().split()[-1] == "2", "trials ran on both nodes"
        for node in cluster.nodes:
            assert len((node.folder / "computed").read_text().splitlines()) == 1
            assert len(list((node.folder / ".cache" / "tuner" / "cache" / "features").iterdir())) == 1
