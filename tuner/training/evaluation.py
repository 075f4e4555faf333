"""The one look at the test split: scores, and the predictions that a report shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from torch import Tensor

from tuner.core.files import write_atomic
from tuner.core.outcome import TestScores
from tuner.core.sweep_folder import SweepFolder
from tuner.data.spec import Split
from tuner.training.classifier import Classifier, predict_logits


def score(model: Classifier, test: Split) -> TestScores:
    """Scores of a model on a split that is on its device; two classes or more must occur in it."""
    return score_logits(predict_logits(model, test.inputs), test.targets)


def score_logits(logits: Tensor, classes_of: Tensor) -> TestScores:
    """Scores of (samples, classes) logits, whose true classes are the (samples,) `classes_of`.

    Means over classes leave out those that have no sample: a class without any has neither an F1 nor an AUC.
    """
    probabilities = torch.softmax(logits.double(), 1).cpu().numpy()
    targets, predicted = classes_of.cpu().numpy(), probabilities.argmax(1)
    classes, present = probabilities.shape[1], np.unique(targets)
    ranked = [1] if classes == 2 else present
    return TestScores(
        accuracy=float((predicted == targets).mean()),
        macro_f1=float(f1_score(targets, predicted, labels=present, average="macro")),
        roc_auc=float(np.mean([roc_auc_score(targets == label, probabilities[:, label]) for label in ranked])),
        loss=float(log_loss(targets, probabilities, labels=range(classes))),
    )


DRAWN, WRONG = 16, 8  # samples that are kept
SAMPLE_SEED = 0  # the same samples for every model of a dataset, so that models can be compared by eye


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The predictions of one model for one test split."""

    targets: Tensor
    """(samples,) int64, the true classes."""
    probabilities: Tensor
    """(samples, classes) float32."""
    drawn: Tensor
    """(at most DRAWN,) int64 indices of samples drawn at random, in their order."""
    wrong: Tensor
    """(at most WRONG,) int64 indices of mistakes, the most confident first; none of them is in `drawn`."""
    inputs: Tensor
    """(len(drawn) + len(wrong), *shape) raw samples of `drawn` and then of `wrong`."""

    @classmethod
    def of(cls, test: Split, logits: Tensor) -> Predictions:
        """The predictions from (samples, classes) `logits`, with samples chosen to show; all in main memory."""
        probabilities = torch.softmax(logits.double(), 1).float()
        drawn, wrong = _choose(test.targets, probabilities)
        return cls(
            targets=test.targets,
            probabilities=probabilities,
            drawn=drawn,
            wrong=wrong,
            inputs=test.inputs[torch.cat([drawn, wrong])],
        )

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """Reads the file in `folder`."""
        return cls(**load_file(SweepFolder(folder).predictions))

    def save(self, folder: Path) -> None:
        """Writes the file in `folder`."""
        tensors = {field.name: getattr(self, field.name).contiguous() for field in fields(self)}
        write_atomic(SweepFolder(folder).predictions, lambda file: file.write(save(tensors)))

    @property
    def predicted(self) -> Tensor:
        """(samples,) the most probable class."""
        return self.probabilities.argmax(1)


def _choose(targets: Tensor, probabilities: Tensor) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(targets), generator=torch.Generator().manual_seed(SAMPLE_SEED))
    drawn = order[:DRAWN].sort().values
    confidence, predicted = probabilities.max(1)
    mistaken = predicted != targets
    mistaken[drawn] = False
    wrong = mistaken.nonzero()[:, 0]
    return drawn, wrong[confidence[wrong].argsort(descending=True, stable=True)][:WRONG]
