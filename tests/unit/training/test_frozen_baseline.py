"""Logistic regression on the features of a network with the weights that it was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.small_weights import texture_splits, write_weights
from torch import Tensor

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec, Splits
from tuner.training import frozen_baseline
from tuner.training.baselines import simple_predictions
from tuner.training.classifier import Classifier, build_classifier, predict_logits
from tuner.training.frozen_baseline import FrozenNetwork
from tuner.training.frozen_features import FeatureStore, extract_features
from tuner.training.pretrained import Weights
from tuner.training.split_outputs import split_outputs


@pytest.fixture(scope="module")
def splits() -> Splits:
    return texture_splits(96, 48, 96)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    file = write_weights(tmp_path_factory.mktemp("weights") / "mobile.safetensors")
    found: Weights = catalog.load("models", "mobilenet_v2").pretrained(file, Path("nowhere"))
    return found


def frozen(data: DataSpec, weights: Weights, model: str = "mobilenet_v2", **arguments: Any) -> FrozenNetwork:
    found = FrozenNetwork.of(data, model, model, arguments, weights)
    assert found
    return found


def test_features_tell_apart_what_pixels_do_not(splits: Splits, weights: Weights) -> None:
    true = splits.test.targets.numpy()
    [pixels] = simple_predictions(splits)
    features = frozen(splits.spec, weights).prediction(splits)
    assert (features.predicted == true).mean() > (pixels.predicted == true).mean() + 0.2
    assert features.name == "logistic regression on the frozen features of mobilenet_v2"
    assert (features.key, features.trained_on) == ("frozen_features", 96)


def test_only_some_images_go_through_the_network_and_all_of_the_test_split(
    splits: Splits, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def counting(model: Classifier, images: Tensor) -> Tensor:
        seen.append(len(images))
        return extract_features(model, images)

    monkeypatch.setattr(frozen_baseline, "extract_features", counting)
    monkeypatch.setattr(frozen_baseline, "MOST", 20)
    monkeypatch.setattr(frozen_baseline, "HELD", 10)
    found = frozen(splits.spec, weights).prediction(splits)
    assert sorted(seen) == [1, 10, 20, 96]  # one tells how many features there are
    assert (found.trained_on, len(found.predicted)) == (20, 96)


def test_features_that_trials_and_the_test_have_computed_are_taken(
    splits: Splits, weights: Weights, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TUNER_DATA", str(tmp_path))
    network = frozen(splits.spec, weights)
    for part in ("train", "validation"):
        FeatureStore("data").features(part, getattr(splits, part).inputs, network.model, frozen=network.digest())
    expected = predict_logits(network.model, splits.test.inputs)
    given = split_outputs(network.model, "test", splits.test.inputs, "data")
    assert torch.allclose(given, expected, atol=1e-4)
    seen: list[int] = []
    features: Any = network.model.network
    features.features.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    found = network.prediction(splits, "data")
    assert seen == [1]  # one tells how many features there are
    computed = network.prediction(splits, "other data")
    assert sum(seen[2:]) == 96 + 48 + 96
    assert found.trained_on == computed.trained_on
    assert (found.predicted == computed.predicted).mean() > 0.9


def test_the_digest_is_that_of_the_weights_whatever_was_trained_of_them(splits: Splits, weights: Weights) -> None:
    network = frozen(splits.spec, weights)
    tuned = frozen(splits.spec, weights, train="fine_tuning", thaw=2, hidden=32)
    assert tuned.digest() == network.digest()
    last = tuned.model.get_parameter("network.features.18.0.weight")
    assert not last.requires_grad
    assert torch.equal(last, weights["features.18.0.weight"])
    others = {name: value + 1 if value.is_floating_point() else value for name, value in weights.items()}
    assert frozen(splits.spec, others).digest() != network.digest()


def test_of_several_models_it_has_the_weights_of_its_own(splits: Splits, weights: Weights) -> None:
    named = {f"mobilenet_v2/{name}": value for name, value in weights.items()}
    found = FrozenNetwork.of(splits.spec, "lenet,mobilenet_v2", "mobilenet_v2", {}, named)
    assert found
    assert found.digest() == frozen(splits.spec, weights).digest()


@pytest.mark.parametrize(("model", "arguments"), [("cnn", {}), ("mobilenet_v2", {"pretrained": False})])
def test_there_is_none_for_a_network_that_began_with_random_weights(
    model: str, arguments: dict[str, Any], splits: Splits
) -> None:
    assert FrozenNetwork.of(splits.spec, model, model, arguments, {}) is None


def test_missing_weights_are_told(splits: Splits) -> None:
    with pytest.raises(TunerError, match="the pretrained weights of mobilenet_v2 are missing"):
        frozen(splits.spec, {})


def test_networks_of_libraries_have_it_too(splits: Splits) -> None:
    name = "torchvision:squeezenet1_1"  # gives its logits by a convolution: no features before that
    assert FrozenNetwork.of(splits.spec, name, name, {}, {}) is None
    name = "torchvision:shufflenet_v2_x0_5"
    network = build_classifier(splits.spec, name, {"resolution": 32}).network
    body = {key: value for key, value in network.state_dict().items() if ".fc." not in key}
    found = frozen(splits.spec, body, name, resolution=32, train="fine_tuning").prediction(splits)
    assert found.name == "logistic regression on the frozen features of torchvision_shufflenet_v2_x0_5"
    assert len(found.predicted) == 96
