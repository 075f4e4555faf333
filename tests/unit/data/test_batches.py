"""Which samples come together into a batch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tuner.data.batches import EVALUATION_BATCH, evaluation_batches, training_batches
from tuner.data.texts import lengths


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def texts(count: int, steps: int) -> Tensor:
    """Tokens of random lengths from 1 to `steps`."""
    length = torch.randint(1, steps + 1, (count, 1), generator=generator())
    return torch.where(torch.arange(steps) < length, 5, 0).to(torch.int16)


INPUTS = {"images": torch.zeros(103, 1, 4, 4, dtype=torch.uint8), "rows": torch.zeros(103, 4), "texts": texts(103, 30)}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("batch_size", [1, 10, 103])
def test_an_epoch_has_full_batches_of_samples_that_come_once(kind: str, batch_size: int) -> None:
    batches = training_batches(INPUTS[kind], batch_size, generator())
    assert [len(batch) for batch in batches] == [batch_size] * (103 // batch_size)
    seen = torch.cat(batches).tolist()
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(range(103))


@pytest.mark.parametrize("kind", INPUTS)
def test_the_generator_decides_the_order(kind: str) -> None:
    first, again, other = (torch.cat(training_batches(INPUTS[kind], 10, generator(seed))) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_texts_of_about_the_same_length_come_together_in_random_batches() -> None:
    inputs = texts(4000, 100)
    batches = training_batches(inputs, 20, generator())
    length = lengths(inputs)
    longest = torch.stack([length[batch].max() for batch in batches])
    padded = torch.stack([length[batch].max() * len(batch) for batch in batches]).sum()
    assert padded < 1.05 * length.sum()
    assert 20 * 100 * len(batches) > 1.8 * length.sum()  # what it would be without
    assert (longest.diff() > 0).float().mean() < 0.6  # long and short batches take turns


def test_all_samples_are_evaluated_once_texts_by_their_length() -> None:
    inputs = texts(1300, 40)
    order, batches = evaluation_batches(inputs)
    assert torch.equal(torch.cat(batches), order)
    assert sorted(order.tolist()) == list(range(1300))
    assert (lengths(inputs)[order].diff() >= 0).all()


@pytest.mark.parametrize(("shape", "size"), [((1, 8, 8), EVALUATION_BATCH), ((3, 32, 32), 512), ((3, 160, 160), 20)])
def test_large_images_are_evaluated_a_few_at_a_time(shape: tuple[int, ...], size: int) -> None:
    order, batches = evaluation_batches(torch.zeros(1030, *shape, dtype=torch.uint8))
    assert torch.equal(order, torch.arange(1030))
    assert len(batches[0]) == size


def test_one_huge_image_is_a_batch() -> None:
    _, batches = evaluation_batches(torch.zeros(2, 3, 2000, 2000, dtype=torch.uint8))
    assert [len(batch) for batch in batches] == [1, 1]
