"""The head and the foot of a report's page: which sweep, how good, with which parameters, made with what."""

from __future__ import annotations

from collections import Counter

from markupsafe import Markup

from tuner.core.machine import package_versions
from tuner.core.records import SCORE, best_of
from tuner.core.units import format_parameters
from tuner.report.figures import STATES
from tuner.report.findings import Findings
from tuner.report.page import render_template

_SCORES = {"accuracy": "test accuracy", "macro_f1": "macro F1", "roc_auc": "ROC-AUC", "loss": "test loss"}


def heading(findings: Findings) -> Markup:
    """The pair, the sweep, the scores on the test split, the best trial and its parameters."""
    config, result = findings.config, findings.result
    best = best_of(list(findings.records))
    return render_template(
        "heading.html",
        pair=config.pair,
        sweep=config.name,
        counts=_counts(findings),
        finished=result is not None,
        scores={label: f"{result['test'][name]:.4f}" for name, label in _SCORES.items()} if result is not None else {},
        best=best and f"number {best.number}, epoch {best.best_epoch}, {SCORE} {best.best[0]:.4f}",
        parameters={name: _value(name, value) for name, value in best.parameters.items()} if best else {},
    )


def footer() -> str:
    """The versions of the software that made the report."""
    return "Made with " + ", ".join(f"{name} {version}" for name, version in package_versions().items())


def _counts(findings: Findings) -> str:
    states = Counter(STATES[record.state][0] for record in findings.records)
    epochs = sum(len(record.values) for record in findings.records)
    counts = ", ".join(f"{count} {word}" for word, count in states.items())
    return f"{len(findings.records)} of {findings.config.trials} trials ({counts}), {epochs} epochs"


def _value(name: str, value: bool | int | float | str) -> str:
    return format_parameters({name: value}).partition("=")[2]
