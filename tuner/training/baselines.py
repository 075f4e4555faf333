"""Simple models of scikit-learn on the samples of a sweep: the bar that a network must reach.

They see what the network sees: the same training samples, and texts cut to the same number of words. The strength of
their regularisation is chosen on the validation split. They are cheap: with many samples, features and classes they
are trained on a part of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tuner.data.spec import CHUNK, Split, Splits
from tuner.training.number_baselines import number_predictions
from tuner.training.simple_prediction import Features, SimplePrediction, fit_logistic, scaled_columns, some_of

SIDE = 32  # pixels: larger images are made smaller
BUCKETS = 1 << 18  # of pairs of words
MOST_BOOSTED = 30  # classes: gradient boosting grows 100 trees for each, of some milliseconds
STRENGTHS = {"image": (0.01, 1.0), "tabular": (0.01, 1.0), "text": (1.0, 10.0)}
"""Values of scikit-learn's C, the inverse of the regularisation's strength."""


def simple_predictions(splits: Splits) -> Iterator[SimplePrediction]:
    """Trains the simple models that suit the data, one after another.

    Texts get n-grams of words with TF-IDF weights (Salton & Buckley 1988) and logistic regression, images logistic
    regression on their pixels, tables logistic regression and gradient boosting (`HistGradientBoostingClassifier`),
    the latter of at most MOST_BOOSTED classes. For numbers see `number_baselines`.
    """
    if splits.spec.number is not None:
        yield from number_predictions(splits)
        return
    task, classes = splits.spec.task, len(splits.spec.classes)
    if task == "text":
        samples = some_of(splits.train, splits.spec.shape[0] * classes)
        features = _ngrams(samples.inputs)
        yield _logistic("logistic regression on n-grams of words (TF-IDF)", splits, samples, features)
        return
    to_features = _pixels(splits) if task == "image" else scaled_columns(splits)
    width = to_features(splits.train.inputs[:1]).shape[1]
    samples = some_of(splits.train, width * classes)
    name = "logistic regression on the pixels" if task == "image" else "logistic regression"
    yield _logistic(name, splits, samples, to_features)
    if task == "tabular" and classes <= MOST_BOOSTED:
        yield _boosted(splits, samples)


def _logistic(name: str, splits: Splits, samples: Split, to_features: Callable[[Tensor], Features]) -> SimplePrediction:
    train, held = ((to_features(each.inputs), each.targets) for each in (samples, splits.validation))
    predicted = fit_logistic(train, held, STRENGTHS[splits.spec.task])(to_features(splits.test.inputs))
    return SimplePrediction(key="logistic_regression", name=name, predicted=predicted, trained_on=len(samples.targets))


def _boosted(splits: Splits, samples: Split) -> SimplePrediction:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - takes a second

    fitted = HistGradientBoostingClassifier(random_state=0).fit(samples.inputs.numpy(), samples.targets.numpy())
    predicted = fitted.predict(splits.test.inputs.numpy()).astype(np.int64)
    name = "gradient boosting"
    return SimplePrediction(key=name.replace(" ", "_"), name=name, predicted=predicted, trained_on=len(samples.targets))


def _pixels(splits: Splits) -> Callable[[Tensor], Features]:
    """The pixels of images of at most SIDE x SIDE, normalised per channel."""
    mean, std = (torch.tensor(values).reshape(-1, 1, 1) for values in (splits.spec.mean, splits.spec.std))
    size = tuple(min(SIDE, side) for side in splits.spec.shape[1:])

    def to_features(inputs: Tensor) -> NDArray[np.float32]:
        parts = []
        for part in torch.split(inputs, max(1, CHUNK // inputs[0].numel())):
            pixels = (part.float() - mean) / std
            if size != splits.spec.shape[1:]:
                pixels = functional.interpolate(pixels, size, mode="area")
            parts.append(pixels.flatten(1).numpy())
        return np.concatenate(parts)

    return to_features


def _ngrams(train: Tensor) -> Callable[[Tensor], Features]:
    """Words, and pairs of neighbours in BUCKETS, with TF-IDF weights: those of the `train` texts."""
    from sklearn.feature_extraction.text import TfidfTransformer  # noqa: PLC0415 - takes a second

    words = int(train.max()) + 1
    weights = TfidfTransformer(sublinear_tf=True).fit(_counts(train, words))
    return lambda inputs: weights.transform(_counts(inputs, words))


def _counts(tokens: Tensor, words: int) -> Features:
    """(samples, words + BUCKETS) how often each word and each pair of words is in each text."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    texts = tokens.numpy().astype(np.int64)
    texts = np.where(texts < words, texts, 1)  # a word that no training text has
    rows, columns = np.nonzero(texts)
    singles = texts[rows, columns]
    first, second = texts[:, :-1], texts[:, 1:]
    pair_rows, pair_columns = np.nonzero((first > 0) & (second > 0))
    pairs = (first[pair_rows, pair_columns] * 1_000_003 + second[pair_rows, pair_columns]) % BUCKETS + words
    indices, samples = np.concatenate([singles, pairs]), np.concatenate([rows, pair_rows])
    ones = np.ones(len(indices), dtype=np.float32)
    return csr_matrix((ones, (samples, indices)), shape=(len(texts), words + BUCKETS))
