"""The scores of a model on a split, as they are measured after each epoch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from tuner.data.spec import Split
from tuner.training.class_metrics import balanced_accuracy, macro_f1
from tuner.training.classifier import predict_logits
from tuner.training.device import autocast
from tuner.training.distributed import SINGLE_PROCESS, Ranks


class Evaluation(NamedTuple):
    """Scores of a model on a split."""

    loss: float
    """Mean cross-entropy, in nats."""
    accuracy: float
    macro_f1: float
    balanced_accuracy: float


@torch.inference_mode()
def evaluate(model: nn.Module, split: Split, ranks: Ranks = SINGLE_PROCESS) -> Evaluation:
    """The scores on a split on the model's device, in the precision of training."""
    part = ranks.part_of(split)
    with autocast(split.inputs.device):
        logits = predict_logits(model, part.inputs).float()
    loss = functional.cross_entropy(logits, part.targets, reduction="sum")
    said = logits.argmax(1)
    loss_total, correct = ranks.total(loss, (said == part.targets).sum())
    count = logits.shape[1]
    columns = [part.targets[said == part.targets], said, part.targets]
    counts = ranks.sum(torch.stack([torch.bincount(column, minlength=count) for column in columns]))
    samples = len(split.targets)
    return Evaluation(loss_total / samples, correct / samples, macro_f1(counts), balanced_accuracy(counts))
