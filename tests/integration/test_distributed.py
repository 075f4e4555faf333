"""Several processes that train one model: the same numbers as one process, and the same in each of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.common import free_port
from support.distributed_training import CPU, EPOCHS, PLAIN, digits, full_precision, in_process, train
from torch import multiprocessing

from tuner.training.distributed import Ranks
from tuner.training.epoch_scores import evaluate

SIZE = 3


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of three processes has at its end."""
    folder = tmp_path_factory.mktemp("ranks")
    multiprocessing.spawn(in_process, (SIZE, free_port(), folder), nprocs=SIZE)  # type: ignore[attr-defined,no-untyped-call]
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(SIZE)]


def test_they_learn_what_one_process_learns(trained: list[dict[str, Any]]) -> None:
    """The batch size is that of all together, and every sample weighs the same, in parts of different sizes too."""
    training, metrics = train(PLAIN)
    assert len(metrics) == EPOCHS
    for together in (each["plain"] for each in trained):
        for here, there in zip(metrics, together["metrics"], strict=True):
            assert there == pytest.approx(here, rel=1e-4)
        for name, weight in training.model.state_dict().items():
            torch.testing.assert_close(together["weights"][name], weight, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", ["plain", "random", "averaged"])
def test_all_of_them_hold_the_same_model_and_report_the_same(trained: list[dict[str, Any]], kind: str) -> None:
    first, *others = (each[kind] for each in trained)
    for other in others:
        assert other["metrics"] == first["metrics"]
        for part in ("weights", "best", "last"):
            assert other[part].keys() == first[part].keys()
            assert all(torch.equal(other[part][name], weight) for name, weight in first[part].items())


@pytest.mark.parametrize("kind", ["random", "averaged"])
def test_their_scores_are_those_of_the_saved_model_on_the_whole_split(trained: list[dict[str, Any]], kind: str) -> None:
    """With batch normalisation: each process has seen other samples."""
    training, _ = train(("cnn", {"width": 0.125, "dropout": 0.3}, ()))
    training.model.load_state_dict(trained[0][kind]["last"])
    last = trained[0][kind]["metrics"][-1]
    with full_precision():
        loss, accuracy, macro_f1, balanced = evaluate(training.model, digits().validation)
    assert loss == pytest.approx(last["val_loss"], rel=1e-5)
    assert (accuracy, macro_f1) == (last["val_accuracy"], last["val_macro_f1"])
    assert balanced == last["val_balanced_accuracy"]


def test_the_first_one_decides_and_goes_first(trained: list[dict[str, Any]]) -> None:
    assert [each["said"] for each in trained] == [[True, False]] * SIZE
    assert trained[0]["order"] == []
    assert all("0.pt" in each["order"] for each in trained[1:])


def test_each_has_a_part_and_numbers_of_its_own() -> None:
    batch = torch.arange(8)
    parts = [Ranks(rank, SIZE).part(batch) for rank in range(SIZE)]
    assert torch.equal(torch.cat(parts), batch)
    assert sum(Ranks(0, SIZE).weight(part, batch) for part in parts) == pytest.approx(SIZE)
    common = torch.Generator(CPU).manual_seed(7)
    drawn = [torch.rand(1, generator=Ranks(rank, SIZE).own(common)).item() for rank in range(SIZE)]
    assert len(set(drawn)) == SIZE
