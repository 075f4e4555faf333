"""The simple model beside a network that began with pretrained weights: logistic regression on what these give.

The frozen network has the weights as they were published, not those of the winner. Images go through it once: that is
most of the cost, so that only some of the training and the validation split do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tuner.core.own_code import title
from tuner.data.spec import DataSpec, Split, Splits, moments
from tuner.training.classifier import Classifier, build_classifier, is_pretrained, model_parameters
from tuner.training.device import best_device
from tuner.training.frozen_features import FeatureStore, extract_features, extracts_once, features_digest
from tuner.training.pretrained import Weights, load_pretrained
from tuner.training.simple_prediction import SimplePrediction, fit_logistic, some_rows

MOST, HELD = 2000, 1000  # images of the training and the validation split, about: they bound what it costs
STRENGTHS = (0.0001, 0.001, 0.01, 0.1)
"""Values of scikit-learn's C for standardised features, which are about as many as the samples."""


@dataclass(frozen=True)
class FrozenNetwork:
    """A network of which the head alone would be trained, with pretrained weights."""

    name: str
    """Of the model, for people."""
    model: Classifier

    @classmethod
    def of(
        cls, data: DataSpec, models: str, model: str, arguments: Mapping[str, Any], weights: Weights
    ) -> FrozenNetwork | None:
        """The one that a trial of these models began as, see `weights_of`; None where it began with random weights.

        Also None for data that are no images, and for a network that cannot give the features before its head.

        Raises:
            TunerError: the weights are missing.
        """
        if data.task != "image" or not is_pretrained(model, arguments):
            return None
        frozen = {"train": "feature_extraction"} if "train" in model_parameters(model) else {}
        built = build_classifier(data, model, {**arguments, **frozen})
        if not extracts_once(built):
            return None
        load_pretrained(built.network, models, model, weights)
        return cls(title(model), built)

    def digest(self) -> str:
        """Stands for everything between an image and its features."""
        return features_digest(self.model)

    def prediction(self, splits: Splits, samples: str = "") -> SimplePrediction:
        """What logistic regression on its features says of the test split. The features are made alike in scale.

        `samples` identifies the splits: what trials, or the test of their best model, have computed of them is taken.
        Other features are computed in full precision.
        """
        self.model.to(best_device())
        width = extract_features(self.model, splits.train.inputs[:1]).shape[1]
        learnt = some_rows(splits.train, width * len(splits.spec.classes), MOST)
        held = some_rows(splits.validation, 1, HELD)
        parts = [
            self._features("train", splits.train, learnt, samples),
            self._features("validation", splits.validation, held, samples),
            self._features("test", splits.test, None, samples),
        ]
        mean, std = (torch.tensor(values) for values in moments(parts[0]))
        train, known, test = (((each - mean) / std).numpy() for each in parts)
        targets = splits.train.targets[learnt], splits.validation.targets[held]
        say = fit_logistic((train, targets[0]), (known, targets[1]), STRENGTHS)
        return SimplePrediction(
            key="frozen_features",
            name=f"logistic regression on the frozen features of {self.name}",
            predicted=say(test),
            trained_on=len(learnt),
        )

    def _features(self, part: str, split: Split, rows: Tensor | None, samples: str) -> Tensor:
        """(rows, features) float32 of these samples of a split, or of all."""
        known = FeatureStore(samples).known(part, split.inputs, self.model) if samples else None
        if known is not None:
            return (known if rows is None else known[rows]).float()
        return extract_features(self.model, split.inputs if rows is None else split.inputs[rows]).cpu()
