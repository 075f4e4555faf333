"""The one look at the test split: the scores that people compare."""

from __future__ import annotations

import torch
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from torch import Tensor

from tuner.classifier import Classifier
from tuner.data import Split
from tuner.fit import predict_logits
from tuner.outcome import TestScores


def score(model: Classifier, test: Split) -> TestScores:
    """Scores of a model on a split that lies on its device. Every class must occur in the split."""
    return score_logits(predict_logits(model, test.inputs), test.targets)


def score_logits(logits: Tensor, classes_of: Tensor) -> TestScores:
    """Scores of (samples, classes) logits, whose true classes are the (samples,) `classes_of`."""
    probabilities = torch.softmax(logits.double(), 1).cpu().numpy()
    targets, predicted = classes_of.cpu().numpy(), probabilities.argmax(1)
    classes = probabilities.shape[1]
    ranked = probabilities[:, 1] if classes == 2 else probabilities
    return TestScores(
        accuracy=float((predicted == targets).mean()),
        macro_f1=float(f1_score(targets, predicted, average="macro")),
        roc_auc=float(roc_auc_score(targets, ranked, multi_class="ovr", average="macro")),
        loss=float(log_loss(targets, probabilities, labels=range(classes))),
    )
