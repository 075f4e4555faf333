"""Validation scores as tags of models and of sweeps' runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from tuner.core.score_text import class_name
from tuner.core.validation import Validation, ValidationScore, read_validation

DATA_TAG = "tuner.val_data"
_SAMPLES_TAG = "tuner.val_samples"
_SCORE_TAG = "tuner.validation."


def own_tags(score: Validation) -> dict[str, str]:
    """The tags of a model: its score on the validation split of its own sweep."""
    value = {f"tuner.{score.kind.val_score}": repr(score.score)}
    shown = {DATA_TAG: score.data, **value, _SAMPLES_TAG: str(score.samples)}
    return shown | dict([score_tag(score)])


def score_tag(score: Validation) -> tuple[str, str]:
    """The tag of one score, as name and value. The class is shortened: stores take no tag of any length."""
    shortened = {"base_class": class_name(score.base_class)} if isinstance(score, ValidationScore) else {}
    return _SCORE_TAG + score.data, json.dumps({**asdict(score), **shortened})


def scores_in(tags: Mapping[str, str]) -> dict[str, Validation]:
    """All scores in the tags of a model, by their splits. What cannot be read is left out, and scored again."""
    found = {}
    for name, value in tags.items():
        if name.startswith(_SCORE_TAG):
            try:
                score = read_validation(json.loads(value))
            except (ValueError, KeyError, TypeError):
                continue
            found[score.data] = score
    return found


def own_score(tags: Mapping[str, str]) -> Validation | None:
    """The score on the validation split of the model's own sweep; None for one of an earlier version."""
    return scores_in(tags).get(tags.get(DATA_TAG, ""))
