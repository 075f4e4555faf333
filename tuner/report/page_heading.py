"""The head and the foot of a report's page: which sweep, how good, with which parameters, made with what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from tuner.core.against_default import AgainstDefault
from tuner.core.baselines import Baseline
from tuner.core.budget_text import ended_text
from tuner.core.default_text import default_text
from tuner.core.machine import package_versions
from tuner.core.records import TrialRecord
from tuner.core.refit import Refit, refit_text
from tuner.core.score_text import excess_text, interval_text, luck_text, score_details, score_digits
from tuner.core.scores import Difference, Interval, ScoresOfTest, read_scores
from tuner.core.summary import count_states
from tuner.core.threshold import Threshold, threshold_text
from tuner.core.units import format_parameters
from tuner.core.validation import read_validation
from tuner.core.validation_text import looks_text, nothing_learnt
from tuner.report.findings import Findings
from tuner.report.page import render_template
from tuner.report.page_opening import opening

_LABELS = {"accuracy": "test accuracy", "loss": "test loss", "r2": "test R2", "rmse": "test RMSE", "mae": "test MAE"}


def heading(findings: Findings) -> Markup:
    """The pair, the sweep, the scores on the test split, the best trial and its parameters."""
    config, result = findings.config, findings.result
    best = findings.best if any(record.ranked for record in findings.records) else None
    return render_template(
        "heading.html",
        pair=config.pair,
        opening=opening(findings),
        sweep=config.name,
        counts=_counts(findings),
        finished=result is not None,
        scores=[] if result is None or config.program else _scores(read_scores(result["test"])),
        remarks=_remarks(result or {}, findings.num_ranked, config.epochs),
        best=best and _best(best, findings),
        parameters={name: _value(name, value) for name, value in best.parameters.items()} if best else {},
    )


def _best(best: TrialRecord, findings: Findings) -> str:
    epoch = findings.saved_epoch
    return f"number {best.number}, epoch {epoch}, {best.score_text(epoch)}{_luck(findings)}"


def _scores(scores: ScoresOfTest) -> list[tuple[str, str, list[str]]]:
    """For each score its name, its value, and what is known about that."""
    found = []
    for name, label in scores.kind.tested.items():
        interval = scores.interval(name)
        details = [*([f"95 % interval {interval_text(interval)}"] if interval else []), *score_details(scores, name)]
        found.append((_LABELS.get(name, label), score_digits(scores.value(name), interval), details))
    return found


def _remarks(result: Mapping[str, Any], trials: int, epochs: int) -> list[str]:
    """Whether the model has learnt anything, beats the default, and how often the test set had been looked at."""
    remarks = []
    score = result.get("validation") and read_validation(result["validation"])
    if score and not score.better:
        remarks.append(nothing_learnt(score, trials=trials, better_in_test=result["test"].get("better_than_base")))
    if result.get("default"):
        text = default_text(AgainstDefault.from_json(result["default"]), epochs)
        remarks.append(f"{text[0].upper()}{text[1:]}.")
    remarks += [f"Baseline: {Baseline.from_json(raw).text}." for raw in result.get("baselines") or ()]
    if result.get("refit"):
        remarks.append(f"The model has {refit_text(Refit(**result['refit']))}.")
    threshold = result.get("threshold") and Threshold.from_json(result["threshold"])
    if threshold and threshold.used:
        remarks.append(f"Threshold: {threshold_text(threshold, refitted=bool(result.get('refit')))}.")
    if result.get("test_looks", 1) > 1:
        remarks.append(looks_text(result["test_looks"]))
    return remarks


def _luck(findings: Findings) -> str:
    """What is said beside the best validation score of a finished sweep."""
    result = findings.result or {}
    if not findings.learnt or result.get("confirm"):
        return ""  # nothing was learnt, or a confirmation says it better
    best = result.get("best", {})
    likely = Interval(*best["val_likely"]) if best.get("val_likely") else None
    luck = luck_text(best.get("val_luck"), findings.num_ranked, best.get("val_samples"), likely)
    excess = best.get("val_excess")
    text = "; ".join(filter(None, (luck, excess_text(Difference.from_json(excess) if excess else None))))
    return f" ({text})" if text else ""


def footer() -> str:
    """The versions of the software that made the report."""
    return "Made with " + ", ".join(f"{name} {version}" for name, version in package_versions().items())


def _counts(findings: Findings) -> str:
    states = count_states(Counter(record.word for record in findings.records))
    epochs = sum(len(record.values) for record in findings.records)
    ended = ended_text(findings.config, (findings.result or {}).get("ended_by", ""))
    counts = f"{len(findings.records)} of {findings.config.trials} trials ({states}), {epochs} epochs"
    relations = " and ".join(findings.config.space.get("constrain", ()))
    counts += f"; only points with {relations}" if relations else ""
    return f"{counts}; ended by {ended}" if ended else counts


def _value(name: str, value: bool | int | float | str) -> str:
    return format_parameters({name: value}).partition("=")[2]
