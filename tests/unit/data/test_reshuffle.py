"""Other divisions of the same samples."""

from __future__ import annotations

import torch

from tuner.data.reshuffle import reshuffle
from tuner.data.spec import Split, hold_out


def test_samples_are_divided_anew_into_training_and_validation_by_a_seed() -> None:
    targets = torch.arange(100) % 4
    whole = Split(torch.arange(100).float()[:, None], targets)
    train, validation = hold_out(*whole, 0.2)
    first, again, other = (reshuffle(train, validation, seed) for seed in (1, 1, 2))
    for rest, held in (first, other):
        assert (len(rest.targets), len(held.targets)) == (80, 20)
        assert torch.bincount(held.targets).tolist() == [5, 5, 5, 5]
        assert sorted(torch.cat([rest.inputs, held.inputs])[:, 0].tolist()) == list(range(100))
        for split in (rest, held):
            assert torch.equal(split.inputs[:, 0].long() % 4, split.targets)
    assert torch.equal(first[1].inputs, again[1].inputs)
    assert not torch.equal(first[1].inputs, other[1].inputs)
    assert not torch.equal(first[1].inputs, validation.inputs)


def numbers(split: Split) -> set[int]:
    return set(split.inputs[:, 0].int().tolist())


def test_copies_of_a_sample_stay_in_one_part_as_in_the_first_division() -> None:
    inputs = torch.cat([torch.arange(60), torch.arange(30), torch.arange(10)]).to(torch.uint8)[:, None]
    targets = inputs[:, 0].long() % 2
    held = inputs[:, 0] >= 50
    train, validation = Split(inputs[~held], targets[~held]), Split(inputs[held], targets[held])
    parts = [reshuffle(train, validation, seed) for seed in range(5)]
    for rest, other in parts:
        assert not numbers(rest) & numbers(other)
        assert numbers(rest) | numbers(other) == set(range(60))
        assert len(rest.targets) + len(other.targets) == 100
        assert len(numbers(other)) == 6
        for split in (rest, other):
            assert torch.equal(split.inputs[:, 0].long() % 2, split.targets)
    assert len({tuple(sorted(numbers(other))) for _, other in parts}) == 5


def test_where_the_first_division_has_copies_in_both_parts_no_sample_is_moved() -> None:
    inputs, targets = torch.zeros(20, 1), torch.zeros(20, dtype=torch.int64)
    rest, held = reshuffle(Split(inputs[:15], targets[:15]), Split(inputs[15:], targets[15:]), 0)
    assert (len(rest.targets), len(held.targets)) == (15, 5)
