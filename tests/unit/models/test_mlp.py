"""The multilayer perceptron of tables: embeddings of categories, residual blocks, and networks of earlier versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.columns import examine_rows
from tuner.data.spec import Splits
from tuner.search.space_defaults import default_space
from tuner.search.space_file import parse_space
from tuner.search.start_points import default_point
from tuner.training.classifier import build_classifier, predict_logits
from tuner.training.saved_model import load_model, save_model


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Splits:
    path = tmp_path_factory.mktemp("table") / "table.csv"
    rows = [(number % 7 / 2, "abcde"[number % 5], number % 3 / 3 + number / 100) for number in range(100)]
    pd.DataFrame(rows, columns=["size", "colour", "price"]).to_csv(path, index=False)
    splits: Splits = catalog.read_format("csv", path, "price")
    return splits


def test_a_category_has_the_vector_that_is_learnt_for_it_and_an_unknown_one_has_zeros(table: Splits) -> None:
    model = build_classifier(table.spec, "mlp", {"blocks": "residual", "hidden_size": 8, "num_layers": 1}).eval()
    embeddings: Any = next(model.network.children())
    frame = pd.DataFrame({"size": ["1"] * 3, "colour": ["a", "e", "violet"]})
    rows = examine_rows(frame, table.spec.columns, "rows").features
    found = embeddings(model.prepare(rows))
    vectors = embeddings.vectors[0].weight.detach().T
    [colours] = [column.categories for column in table.spec.columns if column.categories]
    assert found.shape == (3, embeddings.width)
    assert torch.allclose(found[0, 1:], vectors[colours.index("a")], atol=1e-5)
    assert torch.allclose(found[1, 1:], vectors[colours.index("e")], atol=1e-5)
    assert torch.allclose(found[2, 1:], torch.zeros_like(found[2, 1:]), atol=1e-5)


def test_a_sweep_begins_with_residual_blocks_and_may_try_the_plain_network() -> None:
    raw = default_space("mlp", "tabular")
    space = parse_space(raw, "the default")
    assert default_point(raw, space)["blocks"] == "residual"
    assert next(each for each in space.parameters if each.name == "blocks").choices == ("residual", "plain")


def test_a_model_of_an_earlier_version_loads_as_it_was(tmp_path: Path, table: Splits) -> None:
    """It was saved without `blocks`, and had one linear layer after another."""
    arguments = {"dropout": 0.2, "hidden_size": 8, "num_layers": 2}
    model = build_classifier(table.spec, "mlp", arguments)
    assert "network.0.0.weight" in model.state_dict()
    save_model(tmp_path, table.spec, "mlp", arguments, model.state_dict())
    loaded, spec = load_model(tmp_path)
    assert spec == table.spec
    inputs = table.test.inputs
    assert torch.equal(predict_logits(loaded, inputs), predict_logits(model, inputs))


def test_other_blocks_are_refused(table: Splits) -> None:
    with pytest.raises(TunerError, match=r"^mlp: blocks is 'wide': choose one of residual, plain$"):
        build_classifier(table.spec, "mlp", {"blocks": "wide"})
