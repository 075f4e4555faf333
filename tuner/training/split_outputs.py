"""What a model says of a whole split. Models under one frozen network share its features."""

from __future__ import annotations

from torch import Tensor

from tuner.training.classifier import Classifier, predict_logits
from tuner.training.frozen_features import FeatureStore, extracts_once, features_digest, head_of


def split_outputs(model: Classifier, part: str, inputs: Tensor, samples: str, *, exact: bool = True) -> Tensor:
    """(samples, outputs) as of `predict_logits`, equal to it but for rounding where the features are shared.

    Args:
        model: on the device of the inputs.
        part: the name of the split.
        inputs: all of its raw samples.
        samples: identifies the dataset, see `FeatureStore`; empty for none.
        exact: in full precision; otherwise in that of training, within its `autocast`.
    """
    if samples and extracts_once(model):
        store, frozen = FeatureStore(samples), features_digest(model)
        features = store.features(part, inputs, model, frozen=frozen, exact=exact)
        if features is not None:
            return predict_logits(head_of(model), features)
    return predict_logits(model, inputs)
