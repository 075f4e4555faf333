"""Other divisions of the same samples."""

from __future__ import annotations

import numpy as np
import torch

from tuner.data.grouping import group_folds
from tuner.data.reshuffle import Division, reshuffle
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


def test_each_sample_is_validated_in_one_fold_and_each_fold_has_its_share_of_the_classes() -> None:
    targets = torch.cat([torch.zeros(37), torch.ones(53), torch.full((13,), 2)]).long()
    train, validation = hold_out(torch.arange(103).float()[:, None], targets, 0.2)
    folds = [Division(seed=3, fold=fold, folds=5).of(train, validation) for fold in range(5)]
    validated = [sample for _, held in folds for sample in held.inputs[:, 0].tolist()]
    assert sorted(validated) == list(range(103))
    for rest, held in folds:
        assert not numbers(rest) & numbers(held)
        assert len(rest.targets) + len(held.targets) == 103
        assert len(held.targets) in (20, 21)
        for label, count in enumerate(torch.bincount(held.targets, minlength=3).tolist()):
            assert abs(count - int((targets == label).sum()) / 5) <= 1
        assert torch.equal(targets[held.inputs[:, 0].long()], held.targets)
    again, other = (Division(seed, 0, 5).of(train, validation)[1].inputs for seed in (3, 4))
    assert torch.equal(again, folds[0][1].inputs)
    assert not torch.equal(other, again)


def test_copies_of_a_sample_stay_in_one_fold() -> None:
    inputs = torch.cat([torch.arange(60), torch.arange(30)]).to(torch.uint8)[:, None]
    targets = inputs[:, 0].long() % 2
    is_held = inputs[:, 0] >= 50
    train, validation = Split(inputs[~is_held], targets[~is_held]), Split(inputs[is_held], targets[is_held])
    held = [numbers(Division(0, fold, 4).of(train, validation)[1]) for fold in range(4)]
    assert sorted(number for each in held for number in each) == list(range(60))


def test_groups_are_folded_also_where_no_class_can_be_in_every_fold() -> None:
    classes, groups = np.arange(18) % 10, np.arange(18) % 6
    folds = group_folds(classes, groups, 5, 0)
    assert set(folds.tolist()) == set(range(5))
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in range(6))
