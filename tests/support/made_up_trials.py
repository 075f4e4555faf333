"""Made-up trials and predictions, for what a real sweep of the tests does not come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from support.common import make_config
from tuner.core.config import SweepConfig
from tuner.core.records import TrialRecord
from tuner.data.spec import DataSpec, Split
from tuner.report.findings import Findings, WinningModel
from tuner.training.evaluation import Predictions

HOSTILE = "<script>alert(1)</script>&amp;$\\frac{1} \U0001f984 <a href='http://x.example'>x</a>\n" + "long " * 40


def record(number: int, state: str, scores: Sequence[float], **parameters: Any) -> TrialRecord:
    """A trial with these scores after its epochs."""
    values = dict(enumerate(scores, start=1))
    return TrialRecord(
        number=number,
        state=state,
        parameters=parameters,
        values=values,
        metrics={epoch: _metrics(epoch, score) for epoch, score in values.items()},
        reason="train_loss is nan in epoch 3" if state == "FAIL" else "",
        started=0.0,
        finished=None if state == "RUNNING" else 1.0,
    )


CONDITIONAL: dict[str, Any] = {
    "optimizer": {"choices": ["sgd", "adam"]},
    "lr": [
        {"when": {"optimizer": "sgd"}, "low": 0.01, "high": 1.0, "log": True},
        {"when": {"optimizer": "adam"}, "low": 1e-4, "high": 1e-2, "log": True},
    ],
}
"""Parameters of a search space: the range of one depends on the other."""
SPACE: dict[str, Any] = {
    "epochs": 9,
    "params": {
        **CONDITIONAL,
        "momentum": {"low": 0.5, "high": 0.99, "when": {"optimizer": "sgd"}},
        "dropout": {"low": 0.0, "high": 0.5},
        "width": 1.0,
    },
}


def trials(count: int = 12) -> list[TrialRecord]:
    """Trials of SPACE, whose score depends on the dropout alone. ASHA sends every third on, and one of four fails."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for number in range(count):
        draw = torch.rand(2, generator=generator).tolist()
        sgd = number % 2 == 0
        lr = 10 ** (-2 + 2 * draw[0]) if sgd else 10 ** (-4 + 2 * draw[0])
        parameters = {"optimizer": "sgd" if sgd else "adam", "lr": lr, "dropout": draw[1] / 2, "width": 1.0}
        parameters |= {"momentum": 0.9 - draw[0] / 4} if sgd else {}
        state = "FAIL" if number % 4 == 3 else "COMPLETE" if number % 3 == 0 else "PRUNED"
        epochs = {"FAIL": 2, "COMPLETE": 9, "PRUNED": 1}[state]
        scores = [0.9 - draw[1] + 0.01 * epoch for epoch in range(epochs)]
        found.append(record(number, state, scores, **parameters))
    return found


def config(**changes: Any) -> SweepConfig:
    """Of a sweep of SPACE."""
    return make_config(**{"space": SPACE, **changes})


def make_winner(
    spec: DataSpec, inputs: Tensor, *, sure: float = 3.0, attention: bool = False, blind: int = -1
) -> WinningModel:
    """Predictions for samples of all classes in turn: the surer, the more are right. `blind` is never predicted."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(len(inputs)) % len(spec.classes)
    logits = torch.randn(len(inputs), len(spec.classes), generator=generator)
    logits[torch.arange(len(inputs)), targets] += sure
    if blind >= 0:
        logits[:, blind] = -20
    predictions = Predictions.of(Split(inputs, targets), logits)
    weights = (torch.rand(predictions.inputs.shape, generator=generator) * 6).softmax(1) if attention else None
    return WinningModel(spec=spec, predictions=predictions, attention=weights)


def images(
    classes: Sequence[str], samples: int, shape: tuple[int, int, int] = (3, 8, 8), **changes: Any
) -> WinningModel:
    """Images with these classes."""
    inputs = torch.randint(0, 256, (samples, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    spec = DataSpec(
        name="made", task="image", shape=shape, classes=tuple(classes), mean=(0.0,) * shape[0], std=(1.0,) * shape[0]
    )
    return make_winner(spec, inputs, **changes)


def texts(words: Sequence[str], *, attention: bool, steps: int = 120) -> WinningModel:
    """Texts of two classes, made of these words and of an unknown one; the last are padded."""
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randint(1, len(words) + 2, (60, steps), dtype=torch.int32, generator=generator)
    for row, tokens in enumerate(inputs):
        tokens[5 + row * 2 :] = 0
    spec = DataSpec(
        name="made", task="text", shape=(steps,), classes=("bad", "good"), mean=(), std=(), vocabulary=tuple(words)
    )
    return make_winner(spec, inputs, attention=attention, sure=1.0)


def findings(records: Sequence[TrialRecord], winner: WinningModel | None = None, **changes: Any) -> Findings:
    """A sweep with these trials, finished if it has a winner."""
    result = {"test": {"accuracy": 0.9, "macro_f1": 0.8, "roc_auc": 0.95, "loss": 0.4}} if winner else None
    load = (lambda: winner) if winner else None
    return Findings(config=config(**changes), records=tuple(records), result=result, load_winner=load)


def _metrics(epoch: int, score: float) -> dict[str, float]:
    losses = {"train_loss": 1 - score, "val_loss": 1.1 - score}
    return {"epoch": epoch, "val_accuracy": score, "train_accuracy": score, **losses, "lr": 0.1, "epoch_seconds": 1.0}
