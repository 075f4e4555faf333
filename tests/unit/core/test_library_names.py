"""Names with a colon in those of pairs, sweeps and models."""

from __future__ import annotations

import pytest
from support.common import make_config

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.core.sweep_name import check_sweep_name


def test_a_pair_has_no_colon_and_its_sweep_goes_on_with_the_name_that_was_typed() -> None:
    config = make_config(dataset="torchvision:SVHN", model="timm:vit_small_patch16_224.augreg_in1k")
    assert config.pair == "torchvision_svhn-timm_vit_small_patch16_224_augreg_in1k"
    assert config.model == "timm:vit_small_patch16_224.augreg_in1k"


@pytest.mark.parametrize("name", ["digits-torchvision_convnext_tiny", "torchvision_svhn-cnn", "openml_credit_g-mlp"])
def test_the_name_of_such_a_pair_is_no_name_for_a_sweep(name: str) -> None:
    assert catalog.is_pair(name)
    with pytest.raises(TunerError, match="that is the name of a pair's registered model"):
        check_sweep_name(name)
    check_sweep_name(f"{name}-1")


def test_they_are_not_among_the_names_of_the_catalog_and_the_libraries_are_listed() -> None:
    assert not [name for kind in ("models", "datasets") for name in catalog.names(kind) if name.startswith("of_")]
    assert list(catalog.libraries("models")) == ["torchvision", "timm"]
    assert list(catalog.libraries("datasets")) == ["torchvision", "openml"]
    assert all(catalog.libraries("models").values())
