"""The scores on the test split, against scikit-learn, and what identifies a split."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics
from torch import Tensor, nn

from tuner.data.spec import DataSpec, Split, fingerprint
from tuner.training.classifier import Classifier
from tuner.training.evaluation import score


def classifier(classes: int) -> Classifier:
    """Gives the samples themselves as logits."""
    spec = DataSpec(
        name="made-up",
        task="tabular",
        shape=(classes,),
        classes=tuple(map(str, range(classes))),
        mean=(0.0,) * classes,
        std=(1.0,) * classes,
    )
    return Classifier(spec, nn.Identity())


def softmax(logits: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    raised = np.exp(logits.double().numpy() - logits.double().numpy().max(1, keepdims=True))
    result: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = raised / raised.sum(1, keepdims=True)
    return result


def made_up(classes: int, samples: int = 700) -> Split:
    """Uneven classes, and logits that are right more often than not."""
    generator = torch.Generator().manual_seed(classes)
    share = torch.arange(1.0, classes + 1)
    targets = torch.multinomial(share, samples, replacement=True, generator=generator)
    logits = torch.randn(samples, classes, generator=generator) + 2 * nn.functional.one_hot(targets, classes)
    return Split(logits, targets)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_scores_are_those_of_scikit_learn(classes: int) -> None:
    split = made_up(classes)
    targets, shares = split.targets.numpy(), softmax(split.inputs)
    predicted = shares.argmax(1)
    scores = score(classifier(classes), split)
    f1 = [metrics.f1_score(targets == label, predicted == label) for label in range(classes)]
    labels = range(1, 2) if classes == 2 else range(classes)
    areas = [metrics.roc_auc_score(targets == label, shares[:, label]) for label in labels]
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(targets, predicted))
    assert scores.macro_f1 == pytest.approx(np.mean(f1))
    assert scores.roc_auc == pytest.approx(np.mean(areas))
    assert scores.loss == pytest.approx(-np.log(shares[np.arange(len(targets)), targets]).mean())
    assert 0.5 < scores.accuracy < 1  # nothing here is trivially right


def test_scores_of_a_few_samples_are_those_that_one_counts_by_hand() -> None:
    third = float(np.log(3.0))  # probabilities 3/4 and 1/4
    logits = torch.tensor([[third, 0.0], [third, 0.0], [0.0, third], [third, 0.0]])
    scores = score(classifier(2), Split(logits, torch.tensor([0, 0, 1, 1])))
    assert scores.accuracy == 0.75
    assert scores.macro_f1 == pytest.approx((2 * 1 * (2 / 3) / (1 + 2 / 3) + 2 * 1 * 0.5 / 1.5) / 2)
    assert scores.roc_auc == pytest.approx(0.75)  # of four pairs two are in order and two are level
    assert scores.loss == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_perfect_model_has_perfect_scores(classes: int) -> None:
    targets = torch.arange(classes).repeat(5)
    scores = score(classifier(classes), Split(100.0 * nn.functional.one_hot(targets, classes), targets))
    assert (scores.accuracy, scores.macro_f1, scores.roc_auc) == (1, 1, 1)
    assert scores.loss == pytest.approx(0, abs=1e-9)


def test_a_model_that_is_sure_and_wrong_has_a_finite_loss() -> None:
    targets = torch.tensor([0, 1])
    scores = score(classifier(2), Split(1e4 * nn.functional.one_hot(1 - targets, 2), targets))
    assert (scores.accuracy, scores.roc_auc) == (0, 0)
    assert np.isfinite(scores.loss)
    assert scores.loss > 10


def images() -> Split:
    generator = torch.Generator().manual_seed(0)
    return Split(torch.randint(0, 200, (6, 1, 4, 4), dtype=torch.uint8, generator=generator), torch.arange(6) % 3)


def test_a_split_has_the_fingerprint_of_its_contents() -> None:
    found = fingerprint(images())
    assert len(found) == 16
    assert set(found) <= set("0123456789abcdef")
    inputs, targets = images()
    strided = torch.stack([inputs, inputs], 1)[:, 0]
    assert not strided.is_contiguous()
    assert fingerprint(Split(strided, targets)) == found


def test_the_fingerprint_changes_with_anything_that_changes() -> None:
    inputs, targets = images()
    pixel, label = inputs.clone(), targets.clone()
    pixel[5, 0, 3, 3] += 1
    label[5] = 0
    variants = {
        "itself": images(),
        "one pixel": Split(pixel, targets),
        "one label": Split(inputs, label),
        "dtype of the inputs": Split(inputs.to(torch.int8), targets),
        "dtype of the targets": Split(inputs, targets.int()),
        "shape": Split(inputs.reshape(6, 1, 2, 8), targets),
        "order": Split(inputs.flip(0), targets.flip(0)),
        "fewer": Split(inputs[:5], targets[:5]),
    }
    assert int(inputs.max()) < 256
    found = {name: fingerprint(split) for name, split in variants.items()}
    assert len(set(found.values())) == len(variants), found


def test_means_leave_out_a_class_without_samples() -> None:
    split = made_up(4)
    kept = split.targets != 2
    split = Split(split.inputs[kept], split.targets[kept])
    targets, shares = split.targets.numpy(), softmax(split.inputs)
    predicted = shares.argmax(1)
    scores = score(classifier(4), split)
    f1 = [metrics.f1_score(targets == label, predicted == label) for label in (0, 1, 3)]
    areas = [metrics.roc_auc_score(targets == label, shares[:, label]) for label in (0, 1, 3)]
    assert scores.macro_f1 == pytest.approx(np.mean(f1))
    assert scores.roc_auc == pytest.approx(np.mean(areas))
    assert (predicted == 2).any()
