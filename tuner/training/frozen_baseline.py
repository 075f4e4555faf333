"""The simple model beside a network that began with pretrained weights: logistic regression on what these give.

The frozen network has the weights as they were published, not those of the winner. Images go through it once: that is
most of the cost, so that only some of the training and the validation split do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from tuner.core.own_code import title
from tuner.data.spec import DataSpec, Splits, moments
from tuner.training.classifier import Classifier, build_classifier, is_pretrained, model_parameters
from tuner.training.device import best_device
from tuner.training.frozen_features import extract_features, extracts_once, features_digest
from tuner.training.pretrained import Weights, load_pretrained
from tuner.training.simple_prediction import SimplePrediction, fit_logistic, some_of

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

    def prediction(self, splits: Splits) -> SimplePrediction:
        """What logistic regression on its features says of the test split. The features are made alike in scale."""
        self.model.to(best_device())
        width = extract_features(self.model, splits.train.inputs[:1]).shape[1]
        samples, held = (
            some_of(splits.train, width * len(splits.spec.classes), MOST),
            some_of(splits.validation, 1, HELD),
        )
        parts = [extract_features(self.model, each.inputs).cpu() for each in (samples, held, splits.test)]
        mean, std = (torch.tensor(values) for values in moments(parts[0]))
        train, known, test = (((each - mean) / std).numpy() for each in parts)
        say = fit_logistic((train, samples.targets), (known, held.targets), STRENGTHS)
        return SimplePrediction(
            key="frozen_features",
            name=f"logistic regression on the frozen features of {self.name}",
            predicted=say(test),
            trained_on=len(samples.targets),
        )
