"""Splitting, subsampling and measuring tensors."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
import torch
from torch import Tensor

from tuner.core.errors import TunerError
from tuner.data.spec import Column, DataSpec, Split, Splits, hold_out, moments, stratified

TARGETS = torch.tensor([0] * 100 + [1] * 50 + [2] * 10)[torch.randperm(160, generator=torch.Generator().manual_seed(7))]


def counts(targets: Tensor) -> list[int]:
    return torch.bincount(targets, minlength=3).tolist()


def numbered(targets: Tensor, first: int = 0) -> Split:
    """Samples whose only value is their number, so that they can be told apart."""
    return Split(torch.arange(first, first + len(targets), dtype=torch.float32).unsqueeze(1), targets)


@pytest.fixture
def splits() -> Splits:
    spec = DataSpec(name="made-up", task="tabular", shape=(1,), classes=("a", "b", "c"), mean=(0.0,), std=(1.0,))
    train, validation = hold_out(*numbered(TARGETS), 0.2)
    return Splits(spec, train, validation, numbered(TARGETS, first=1000))


def test_a_specification_survives_json() -> None:
    columns = (Column(name="age", fill=1 / 3), Column(name="colour", categories=("red", "blue")))
    spec = DataSpec(
        name="made-up", task="tabular", shape=(3,), classes=("a", "b"), mean=(0.1,) * 3, std=(1.0,) * 3, columns=columns
    )
    text = DataSpec(name="t", task="text", shape=(9,), classes=("a", "b"), mean=(), std=(), vocabulary=("the", "it"))
    image = replace(text, task="image", shape=(1, 8, 8), vocabulary=(), levels=(0.5, 4095.0))
    for one in (spec, text, image):
        assert DataSpec.from_json(json.loads(json.dumps(asdict(one)))) == one
    assert [column.width for column in columns] == [1, 2]


class TestCheckVaried:
    @pytest.mark.parametrize("kind", [torch.uint8, torch.int16, torch.float64])
    @pytest.mark.parametrize("part", ["train", "validation", "test"])
    def test_refuses_a_split_whose_samples_are_all_alike(self, splits: Splits, part: str, kind: torch.dtype) -> None:
        alike = Split(torch.full((len(TARGETS), 2, 3), 7, dtype=kind), TARGETS)
        given = {"train": splits.train, "validation": splits.validation, "test": splits.test, part: alike}
        name = "training" if part == "train" else part
        with pytest.raises(TunerError, match=rf"^folder:x: all 160 samples of the {name} split are alike once read"):
            Splits(splits.spec, given["train"], given["validation"], given["test"]).check_varied("folder:x")

    def test_takes_one_that_differs_in_a_single_value_at_the_end(self, splits: Splits) -> None:
        inputs = torch.zeros((len(TARGETS), 4))
        inputs[-1, -1] = 1
        splits.check_varied("folder:x")
        replace(splits, train=Split(inputs, TARGETS)).check_varied("folder:x")

    def test_takes_a_split_of_one_sample(self, splits: Splits) -> None:
        replace(splits, test=Split(torch.zeros(1, 1), torch.zeros(1, dtype=torch.int64))).check_varied("folder:x")


def test_columns_of_the_version_before_are_read_as_they_were() -> None:
    raw = {"name": "t", "task": "tabular", "shape": [3], "classes": ["a", "b"], "mean": [0.0] * 3, "std": [1.0] * 3}
    raw["columns"] = [{"name": "age", "categories": [], "fill": 4.5}, {"name": "size", "categories": ["l", "s"]}]
    columns = DataSpec.from_json(raw).columns
    assert columns == (Column(name="age", fill=4.5), Column(name="size", categories=("l", "s")))


class TestStratified:
    def test_holds_out_the_share_of_every_class(self) -> None:
        rest, held = stratified(TARGETS, 0.2)
        assert counts(TARGETS[rest]) == [80, 40, 8]
        assert counts(TARGETS[held]) == [20, 10, 2]

    def test_parts_the_samples_and_keeps_their_order(self) -> None:
        rest, held = stratified(TARGETS, 0.3)
        assert sorted([*rest.tolist(), *held.tolist()]) == list(range(160))
        assert rest.tolist() == sorted(rest.tolist())
        assert held.tolist() == sorted(held.tolist())

    def test_is_the_same_with_the_same_seed_and_another_with_another(self) -> None:
        again = [stratified(TARGETS, 0.3, seed)[1].tolist() for seed in (5, 5, 6)]
        assert again[0] == again[1] != again[2]

    def test_holds_out_at_least_one_of_a_rare_class(self) -> None:
        _, held = stratified(TARGETS, 0.01)
        assert counts(TARGETS[held]) == [1, 1, 1]


def test_hold_out_keeps_inputs_and_targets_together() -> None:
    inputs, targets = numbered(TARGETS)
    for part in hold_out(inputs, targets, 0.2):
        assert torch.equal(targets[part.inputs.squeeze(1).long()], part.targets)


class TestLimit:
    def test_keeps_the_proportions_of_splits_and_classes(self, splits: Splits) -> None:
        limited = splits.limit(80)
        assert counts(limited.train.targets) == [40, 20, 4]
        assert counts(limited.validation.targets) == [10, 5, 1]

    def test_takes_samples_of_the_split_itself(self, splits: Splits) -> None:
        limited = splits.limit(40)
        for part, whole in ((limited.train, splits.train), (limited.validation, splits.validation)):
            assert set(part.inputs.flatten().tolist()) <= set(whole.inputs.flatten().tolist())

    def test_leaves_the_test_split_whole(self, splits: Splits) -> None:
        assert splits.limit(40).test is splits.test

    def test_keeps_the_notes(self, splits: Splits) -> None:
        assert replace(splits, notes=("a file was skipped",)).limit(80).notes == ("a file was skipped",)

    def test_with_more_than_there_are_changes_nothing(self, splits: Splits) -> None:
        assert splits.limit(160) is splits
        assert splits.limit(10**9) is splits

    @pytest.mark.parametrize("samples", [5, 0, -3])
    def test_refuses_fewer_than_two_of_each_class(self, splits: Splits, samples: int) -> None:
        with pytest.raises(TunerError, match=rf"^--limit {samples}: made-up needs at least 6 samples"):
            splits.limit(samples)

    def test_of_the_least_keeps_every_class_in_both_splits(self, splits: Splits) -> None:
        limited = splits.limit(6)
        assert min(counts(limited.train.targets) + counts(limited.validation.targets)) >= 1


class TestMoments:
    def test_of_images_are_those_of_each_channel(self) -> None:
        images = torch.randint(0, 256, (10, 3, 5, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        mean, std = moments(images)
        assert mean == pytest.approx(images.double().mean((0, 2, 3)).tolist())
        assert std == pytest.approx(images.double().std((0, 2, 3), correction=0).tolist())

    def test_of_rows_are_those_of_each_feature(self) -> None:
        rows = torch.randn(5000, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 1e3, 1e-3, 5.0])
        mean, std = moments(rows)  # 5,000 rows: more than one chunk
        assert mean == pytest.approx(rows.double().mean(0).tolist())
        assert std == pytest.approx(rows.double().std(0, correction=0).tolist())

    @pytest.mark.parametrize("value", [0.0, 0.1, -3.7, 12345.678, 1e6])
    def test_of_a_constant_feature_are_its_value_and_one(self, value: float) -> None:
        mean, std = moments(torch.full((1000, 1), value))
        assert mean == pytest.approx((value,))
        assert std == (1.0,)

    def test_of_a_feature_far_from_zero_keep_its_deviation(self) -> None:
        rows = 10_000 + torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))
        assert moments(rows)[1] == pytest.approx(rows.double().std(0, correction=0).tolist(), rel=1e-5)
