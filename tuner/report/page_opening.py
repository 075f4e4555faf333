"""The first sentences of a report: what was tuned, how good it is, how sure that is, and against what.

They need no knowledge of machine learning.
"""

from __future__ import annotations

from tuner.core.errors import printable
from tuner.core.own_code import title
from tuner.core.score_text import class_name, interval_text, score_digits
from tuner.core.scores import NumberScores, ScoresOfTest, TestScores, read_scores
from tuner.core.several_models import titles
from tuner.core.units import counted, number_text
from tuner.report.findings import Findings


def opening(findings: Findings) -> str:
    """What was done, and how good the result is."""
    config, result = findings.config, findings.result
    if config.program is not None:
        return _own_code(findings)
    model = f"The model {config.model_name} for {config.dataset_name}"
    tried = len(findings.records)
    if config.several:
        return _several(findings)
    if result is None:
        return f"{model} is being tuned: {counted(tried, 'setting')} tried so far."
    how_good = quality(read_scores(result["test"]), config.target or "")
    if config.trials == 1:
        return f"{model} was trained. {how_good}"
    settings = "1 setting was" if tried == 1 else f"{tried} settings were"
    return f"{model} was tuned: {settings} tried, and the best was kept. {how_good}"


def _several(findings: Findings) -> str:
    """Of several models, one of which has won."""
    config, result, tried = findings.config, findings.result, counted(len(findings.records), "setting")
    names = titles(config.model)
    what = f"{len(names)} models for {config.dataset_name} ({', '.join(names)})"
    if result is None:
        return f"{what} are being tuned: {tried} tried so far."
    own = title(config.model_of(findings.best.parameters))
    how_good = quality(read_scores(result["test"]), config.target or "")
    return f"{what} were tuned together: {tried} tried, and the best was kept, one of {own}. {how_good}"


def _own_code(findings: Findings) -> str:
    """Of a user's own code, which has no test split of ours."""
    config, tried = findings.config, len(findings.records)
    what = f"Your own code {config.subject}"
    if findings.result is None:
        return f"{what} is being tuned: {counted(tried, 'setting')} tried so far."
    decided = findings.best.score_text(findings.saved_epoch)
    settings = "1 setting was" if tried == 1 else f"{tried} settings were"
    return (
        f"{what} was tuned: {settings} tried, and the best has {decided}, as the code reported it. It was chosen by "
        "that score, which is therefore a little too good: test it on data that no trial has seen."
    )


def quality(scores: TestScores | NumberScores, target: str = "") -> str:
    """How many samples are classified correctly, or how far off numbers are of the column `target`."""
    if isinstance(scores, NumberScores):
        return _distance(scores, target)
    interval = scores.accuracy_interval
    width = interval.high - interval.low if interval else None
    samples = counted(scores.samples, "sample") if scores.samples else "samples"
    text = f"It is right for {_percent(scores.accuracy, width)} of {samples} that it had never seen"
    if interval:
        low, high = (_percent(end, width) for end in interval)
        text += f"; of many more such samples, expect {low} to {high} (95 % sure)"
    if scores.base_accuracy is None:
        return f"{text}."
    answer = f"'{class_name(scores.base_class)}'" if scores.base_class else "the most frequent class"
    base = f"Always answering {answer} is right for {_percent(scores.base_accuracy, width)}"
    return f"{text}. {base}{_verdict(scores)}."


def _distance(scores: NumberScores, target: str) -> str:
    """How far a prediction of a number is off."""
    error, without = score_digits(scores.mae, scores.mae_interval), scores.base_mae
    what = f"its prediction of '{printable(target)}'" if target else "its prediction"
    text = f"On {counted(scores.samples or 0, 'sample')} that it had never seen, {what} is off by {error} on average"
    if scores.mae_interval:
        text += f"; of many more such samples, expect {interval_text(scores.mae_interval)} (95 % sure)"
    if without is None or scores.base_number is None:
        return f"{text}."
    base = f"Always answering the mean, {number_text(scores.base_number)}, is off by "
    return f"{text}. {base}{score_digits(without, scores.mae_interval)}{_verdict(scores)}."


def _verdict(scores: ScoresOfTest) -> str:
    if scores.better_than_base in (None, True):
        return ""
    return ", and the model is not better than that by more than chance: do not rely on it"


def _percent(share: float, width: float | None) -> str:
    """With more decimals the narrower its interval is."""
    decimals = 1 if width is None else 0 if width > 0.1 else 1 if width > 0.01 else 2
    return f"{100 * share:.{decimals}f} %"
