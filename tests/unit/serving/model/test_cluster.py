"""What can be said of a model on a cluster without one; the rest is in integration/test_serve_cluster.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tuner.core.errors import TunerError
from tuner.serving.model.cluster import build, name_of
from tuner.serving.model.metrics import Metrics
from tuner.serving.model.usual import TOKEN


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("digits-cnn", "digits-cnn"),
        ("digits", "digits"),
        ("models:/digits-cnn@champion", "digits-cnn"),
        ("models:/digits-cnn/3", "digits-cnn"),
    ],
)
def test_a_model_is_served_by_its_own_name(model: str, name: str) -> None:
    assert name_of(model) == name


@pytest.mark.parametrize("model", ["", "./model", "/tmp/model", "a/b", "two words", "-x", "model.onnx", "models:/@x"])
def test_files_and_folders_are_not(model: str, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    with pytest.raises(TunerError, match="is no registered model, and a cluster serves those alone: give a pair"):
        name_of(model)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "m", "modle": 1}, "args: unknown modle"),
        ({}, "args: model is missing"),
        ({"model": "m", "replicas": "4..1"}, "--replicas '4..1'"),
        ({"model": "m"}, "set TUNER_SERVE_TOKEN in the environment of the nodes, or no_token: true"),
        ({"model": "m", "no_token": True, "most_batch": 0}, "--max-batch must be at least 1"),
    ],
)
def test_a_file_for_ray_serve_that_is_wrong_is_refused(
    options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(TunerError, match=message):
        build(options)


def test_an_application_has_the_replicas_and_cores_that_were_asked_for() -> None:
    [fixed, growing] = [
        build({"model": "m", "no_token": True, "threads": 2, "most_batch": 8, "replicas": replicas})
        for replicas in (3, "1..4")
    ]
    deployment = fixed._bound_deployment
    assert (deployment.num_replicas, deployment.ray_actor_options["num_cpus"]) == (3, 2)
    assert deployment.max_ongoing_requests == 16
    limits = growing._bound_deployment._deployment_config.autoscaling_config
    assert (limits.min_replicas, limits.max_replicas, limits.target_ongoing_requests) == (1, 4, 4)


def test_the_counters_of_a_replica_say_which_it_is() -> None:
    metrics = Metrics("r1")
    metrics.answered("/predict", 200, 0.1)
    lines = [line for line in metrics.text(0).decode().splitlines() if not line.startswith("#")]
    assert lines
    assert all('replica="r1"' in line for line in lines)
    assert 'tuner_requests_total{replica="r1",route="/predict",status="200"} 1.0' in lines
    assert "replica" not in Metrics().text(0).decode()
