"""The catalog: what lies in models/, datasets/ and search_spaces/ is found, and fits together."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from typing import Any, Literal

import pytest
from support.model_inputs import make_spec

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import Task

TRAINING = {
    "batch_size",
    "optimizer",
    "lr",
    "momentum",
    "weight_decay",
    "warmup",
    "label_smoothing",
    "augment",
    "cutout",
    "randaugment",
    "word_dropout",
    "mixup",
    "ema",
}
PAIRS = [tuple(pair.split("-", 1)) for pair in catalog.names("search_spaces")]


def keywords(model: str) -> set[str]:
    """Of the model's own hyperparameters."""
    return set(inspect.signature(catalog.load("models", model).build).parameters) - {"data"}


def extremes(parameter: Any) -> list[Any]:
    """The outermost values that a parameter of a search space may take."""
    if isinstance(parameter, list):
        return [value for alternative in parameter for value in extremes(alternative)]
    if isinstance(parameter, dict):
        return list(parameter["choices"]) if "choices" in parameter else [parameter["low"], parameter["high"]]
    return [parameter]


def test_finds_the_files_and_no_helpers() -> None:
    image = {"cnn", "resnet", "lenet", "alexnet", "zfnet", "vgg16", "mobilenet_v2", "efficientnet_lite0"}
    assert image | {"lstm", "bilstm_attention"} <= set(catalog.names("models"))
    assert {"digits", "breast_cancer", "mnist", "fashion_mnist", "cifar10"} <= set(catalog.names("datasets"))
    assert set(catalog.names("search_spaces")) >= {
        *("digits-cnn", "digits-lenet", "mnist-cnn", "mnist-lenet", "fashion_mnist-cnn", "fashion_mnist-lenet"),
        *("cifar10-cnn", "cifar10-resnet", "cifar10-alexnet", "cifar10-zfnet", "breast_cancer-lstm"),
        *("cats_vs_dogs-vgg16", "cats_vs_dogs-mobilenet_v2", "cats_vs_dogs-efficientnet_lite0"),
    }
    for kind in ("models", "datasets"):
        assert not [name for name in catalog.names(kind) if name.startswith("_")]


@pytest.mark.parametrize("kind", ["models", "datasets"])
def test_every_name_has_a_summary_and_its_function(kind: Literal["models", "datasets"]) -> None:
    for name in catalog.names(kind):
        assert catalog.summary(kind, name)
        assert callable(getattr(catalog.load(kind, name), "build" if kind == "models" else "load"))


def test_listing_the_catalog_does_not_import_torch() -> None:
    listing = "[catalog.summary(kind, name) for kind in ('models', 'datasets') for name in catalog.names(kind)]"
    code = f"import sys; from tuner.core import catalog; {listing}; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(TunerError, match=r"^unknown model 'resnt': did you mean resnet or lenet\?$"):
        catalog.load("models", "resnt")
    with pytest.raises(TunerError, match=r"^unknown dataset 'cifar': did you mean cifar10\?$"):
        catalog.load("datasets", "cifar")


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(TunerError) as error:
        catalog.load("models", "zzz")
    assert str(error.value) == f"unknown model 'zzz': choose one of {', '.join(catalog.names('models'))}"


@pytest.mark.parametrize("name", ["_checks", "__init__", "../tuner/cli", "cnn.py", ""])
def test_helpers_and_paths_are_no_models(name: str) -> None:
    with pytest.raises(TunerError, match=r"^unknown model"):
        catalog.load("models", name)


def test_some_pairs_have_a_search_space_of_their_own() -> None:
    assert catalog.has_space("digits", "cnn")
    assert not catalog.has_space("digits", "resnet")


@pytest.mark.parametrize("model", catalog.names("models"))
def test_what_a_model_says_beside_its_build_is_as_agreed(model: str) -> None:
    module = catalog.load("models", model)
    assert set(module.TASKS) <= {"image", "tabular", "text"}
    assert set(module.SPACE) <= TRAINING | keywords(model)
    if hasattr(module, "NORMALISATION"):
        mean, std = module.NORMALISATION
        assert len(mean) == len(std)
        assert min(std) > 0
    assert hasattr(module, "pretrained") == ("pretrained" in keywords(model))


@pytest.mark.parametrize(("dataset", "model"), PAIRS)
class TestEverySearchSpace:
    def test_names_a_dataset_and_a_model_of_the_catalog(self, dataset: str, model: str) -> None:
        catalog.check("datasets", dataset)
        catalog.check("models", model)

    def test_says_in_its_first_line_what_it_is(self, dataset: str, model: str) -> None:
        assert catalog.search_space(dataset, model).startswith("# ")

    def test_names_what_training_or_the_model_take(self, dataset: str, model: str) -> None:
        space = tomllib.loads(catalog.search_space(dataset, model))
        assert set(space) - {"start"} == {"epochs", "params"}
        assert set(space["params"]) <= TRAINING | keywords(model)
        assert {"batch_size", "optimizer", "lr", "dropout"} <= set(space["params"])

    def test_has_only_values_that_the_model_takes(self, dataset: str, model: str) -> None:
        space = tomllib.loads(catalog.search_space(dataset, model))
        module = catalog.load("models", model)
        shapes: dict[Task, tuple[int, ...]] = {"image": (3, 32, 32), "tabular": (30,), "text": (12,)}
        data = make_spec(module.TASKS[0], shapes[module.TASKS[0]])
        for name, parameter in space["params"].items():
            for value in extremes(parameter) if name not in TRAINING else ():
                module.build(data, **{name: value})


def test_a_function_of_a_file_is_found_without_importing_it() -> None:
    assert catalog.defines("models", "lstm", "note")
    assert not catalog.defines("models", "mlp", "note")
