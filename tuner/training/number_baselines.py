"""Simple models for a target that is a number: ridge regression and gradient boosting of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tuner.data.spec import Splits
from tuner.training.simple_prediction import SimplePrediction, scaled_columns, some_of

STRENGTHS = (0.1, 1.0, 10.0, 100.0)  # of the regularisation, scikit-learn's alpha; the validation split chooses


def number_predictions(splits: Splits) -> Iterator[SimplePrediction]:
    """Ridge regression (Hoerl & Kennard 1970) on standardised columns, and `HistGradientBoostingRegressor`."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - takes a second
    from sklearn.linear_model import Ridge  # noqa: PLC0415

    number = splits.spec.number
    assert number is not None
    samples, to_features = some_of(splits.train, splits.spec.shape[0]), scaled_columns(splits)
    known, test = splits.validation.targets.numpy(), splits.test.inputs
    features, targets = to_features(samples.inputs), (samples.targets.numpy() - number.mean) / number.std
    held = to_features(splits.validation.inputs)
    fitted = [Ridge(alpha=strength).fit(features, targets) for strength in STRENGTHS]
    errors = [float(((each.predict(held) * number.std + number.mean - known) ** 2).mean()) for each in fitted]
    best = fitted[int(np.argmin(errors))]
    boosted = HistGradientBoostingRegressor(random_state=0).fit(samples.inputs.numpy(), targets)
    found = {"ridge regression": best.predict(to_features(test)), "gradient boosting": boosted.predict(test.numpy())}
    for name, answers in found.items():
        yield SimplePrediction(
            key=name.replace(" ", "_"),
            name=name,
            predicted=np.asarray(answers, dtype=np.float64) * number.std + number.mean,
            trained_on=len(targets),
        )
