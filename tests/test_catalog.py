"""The catalog: what lies in models/, datasets/ and search_spaces/ is found, and fits together."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from typing import Any, Literal

import pytest

from tuner import catalog
from tuner.data import DataSpec
from tuner.errors import TunerError

TRAINING = {"batch_size", "optimizer", "lr", "momentum", "weight_decay", "warmup", "label_smoothing"}
PAIRS = [tuple(pair.split("-", 1)) for pair in catalog.names("search_spaces")]


def extremes(parameter: Any) -> list[Any]:
    """The outermost values that a parameter of a search space may take."""
    if isinstance(parameter, list):
        return [value for alternative in parameter for value in extremes(alternative)]
    if isinstance(parameter, dict):
        return list(parameter["choices"]) if "choices" in parameter else [parameter["low"], parameter["high"]]
    return [parameter]


def test_finds_the_files_and_no_helpers() -> None:
    assert {"cnn", "resnet", "lstm"} <= set(catalog.names("models"))
    assert {"digits", "breast_cancer", "mnist", "fashion_mnist", "cifar10"} <= set(catalog.names("datasets"))
    assert {"digits-cnn", "cifar10-resnet", "breast_cancer-lstm"} <= set(catalog.names("search_spaces"))
    for kind in ("models", "datasets"):
        assert not [name for name in catalog.names(kind) if name.startswith("_")]


@pytest.mark.parametrize("kind", ["models", "datasets"])
def test_every_name_has_a_summary_and_its_function(kind: Literal["models", "datasets"]) -> None:
    for name in catalog.names(kind):
        assert catalog.summary(kind, name)
        assert callable(getattr(catalog.load(kind, name), "build" if kind == "models" else "load"))


def test_listing_the_catalog_does_not_import_torch() -> None:
    listing = "[catalog.summary(kind, name) for kind in ('models', 'datasets') for name in catalog.names(kind)]"
    code = f"import sys; from tuner import catalog; {listing}; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(TunerError, match=r"^unknown model 'resnt': did you mean resnet\?$"):
        catalog.load("models", "resnt")
    with pytest.raises(TunerError, match=r"^unknown dataset 'cifar': did you mean cifar10\?$"):
        catalog.load("datasets", "cifar")


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(TunerError, match=r"^unknown model 'zzz': choose one of cnn, lstm, resnet"):
        catalog.load("models", "zzz")


@pytest.mark.parametrize("name", ["_checks", "__init__", "../tuner/cli", "cnn.py", ""])
def test_helpers_and_paths_are_no_models(name: str) -> None:
    with pytest.raises(TunerError, match=r"^unknown model"):
        catalog.load("models", name)


def test_a_pair_without_search_space_is_refused_with_the_pairs_there_are() -> None:
    with pytest.raises(TunerError, match=r"^no search space for digits-lstm: .*breast_cancer-lstm"):
        catalog.search_space("digits", "lstm")


@pytest.mark.parametrize(("dataset", "model"), PAIRS)
class TestEverySearchSpace:
    def test_names_a_dataset_and_a_model_of_the_catalog(self, dataset: str, model: str) -> None:
        catalog.check("datasets", dataset)
        catalog.check("models", model)

    def test_says_in_its_first_line_what_it_is(self, dataset: str, model: str) -> None:
        assert catalog.search_space(dataset, model).startswith("# ")

    def test_names_what_training_or_the_model_take(self, dataset: str, model: str) -> None:
        space = tomllib.loads(catalog.search_space(dataset, model))
        keywords = set(inspect.signature(catalog.load("models", model).build).parameters) - {"data"}
        assert set(space) == {"epochs", "params"}
        assert set(space["params"]) <= TRAINING | keywords
        assert {"batch_size", "optimizer", "lr", "dropout"} <= set(space["params"])

    def test_has_only_values_that_the_model_takes(self, dataset: str, model: str) -> None:
        space = tomllib.loads(catalog.search_space(dataset, model))
        module = catalog.load("models", model)
        shape = (3, 32, 32) if "image" in module.TASKS else (30,)
        channels = (0.0,) * shape[0]
        data = DataSpec(
            name=dataset, task=module.TASKS[0], shape=shape, classes=("a", "b"), mean=channels, std=channels
        )
        for name, parameter in space["params"].items():
            for value in extremes(parameter) if name not in TRAINING else ():
                module.build(data, **{name: value})
