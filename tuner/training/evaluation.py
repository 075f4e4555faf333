"""The one look at the test split: scores, and the predictions that a report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from tuner.core.files import write_atomic
from tuner.core.scores import TestScores
from tuner.core.sweep_folder import SweepFolder
from tuner.core.threshold import HALF
from tuner.data.spec import Split
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.decision import decide
from tuner.training.score_error import base_scores, better_than_base, wilson
from tuner.training.score_intervals import auc_interval, f1_interval, loss_interval


def score(model: Classifier, test: Split) -> TestScores:
    """Scores of a model on a split that is on its device."""
    return score_logits(predict_logits(model, test.inputs), test.targets)


def score_logits(
    logits: Tensor,
    classes_of: Tensor,
    train_counts: Tensor | None = None,
    names: Sequence[str] = (),
    threshold: float = HALF,
) -> TestScores:
    """Scores with their intervals, of (samples, classes) logits whose true classes are the (samples,) `classes_of`.

    What is said are the most probable classes, or one of two by a `threshold`: see `decision.decide`.

    Means over classes leave out those that have no sample: a class without any has neither an F1 nor an AUC. With the
    (classes,) numbers of training samples and the classes' names, also what the scores are without a model.
    """
    probabilities = torch.softmax(logits.double(), 1).cpu().numpy()
    targets, predicted = classes_of.cpu().numpy().astype(np.int64), decide(probabilities, threshold)
    samples, classes = probabilities.shape
    present = np.unique(targets).tolist()
    correct = int((predicted == targets).sum())
    chosen = probabilities[np.arange(samples), targets]
    losses = -np.log(np.maximum(chosen, np.finfo(np.float64).eps))  # as scikit-learn: no loss is infinite
    f1, f1_range = f1_interval(targets, predicted, present)
    auc, auc_range = auc_interval(targets, probabilities, [1] if classes == 2 else present)
    loss, loss_range = loss_interval(losses, samples - correct, float(np.log(classes)))
    scores = TestScores(
        accuracy=correct / samples,
        macro_f1=f1,
        roc_auc=auc,
        loss=loss,
        samples=samples,
        accuracy_interval=wilson(correct, samples),
        macro_f1_interval=f1_range,
        roc_auc_interval=auc_range,
        loss_interval=loss_range,
    )
    if train_counts is None:
        return scores
    base = base_scores(train_counts.numpy(), targets)
    return replace(
        scores,
        base_class=names[base.label],
        base_accuracy=base.accuracy,
        base_macro_f1=base.macro_f1,
        base_roc_auc=base.roc_auc,
        base_loss=base.loss,
        better_than_base=better_than_base(targets, predicted, base.label),
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
    threshold: Tensor = field(default_factory=lambda: torch.tensor(HALF, dtype=torch.float64))
    """() that of the model, see `DataSpec`."""

    @classmethod
    def of(cls, test: Split, logits: Tensor, threshold: float = HALF) -> Predictions:
        """The predictions from (samples, classes) `logits`, with samples chosen to show; all in main memory."""
        probabilities = torch.softmax(logits.double(), 1).float()
        drawn, wrong = _choose(test.targets, probabilities, threshold)
        return cls(
            targets=test.targets,
            probabilities=probabilities,
            drawn=drawn,
            wrong=wrong,
            inputs=test.inputs[torch.cat([drawn, wrong])],
            threshold=torch.tensor(threshold, dtype=torch.float64),
        )

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """Reads the file in `folder`."""
        return cls(**load_file(SweepFolder(folder).predictions))

    def save(self, folder: Path) -> None:
        """Writes the file in `folder`."""
        tensors = {each.name: getattr(self, each.name).contiguous() for each in fields(self)}
        write_atomic(SweepFolder(folder).predictions, lambda file: file.write(save(tensors)))

    @property
    def compared(self) -> Tensor:
        """(samples,) int64, what is compared with simple models, which have no threshold: the most probable class."""
        return self.probabilities.argmax(1)

    @property
    def predicted(self) -> Tensor:
        """(samples,) int64, the class that is said: see `decision.decide`."""
        return _said(self.probabilities, float(self.threshold))


def _said(probabilities: Tensor, threshold: float) -> Tensor:
    return torch.from_numpy(decide(probabilities.numpy(), threshold))


def draw_samples(samples: int, most: int) -> Tensor:
    """(at most `most`,) indices of samples drawn at random, in their order."""
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(SAMPLE_SEED))
    return order[:most].sort().values


def _choose(targets: Tensor, probabilities: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    drawn = draw_samples(len(targets), DRAWN)
    predicted = _said(probabilities, threshold)
    confidence = probabilities.gather(1, predicted[:, None])[:, 0]
    mistaken = predicted != targets
    mistaken[drawn] = False
    wrong = mistaken.nonzero()[:, 0]
    return drawn, wrong[confidence[wrong].argsort(descending=True, stable=True)][:WRONG]
