"""The head and the foot of a report's page: which sweep, how good, with which parameters, made with what."""

from __future__ import annotations

from collections import Counter
from html import escape

from tuner.core.machine import package_versions
from tuner.core.records import SCORE, best_of
from tuner.core.units import format_parameters
from tuner.report.figures import STATES
from tuner.report.findings import Findings
from tuner.report.page import definitions

_SCORES = {"accuracy": "test accuracy", "macro_f1": "macro F1", "roc_auc": "ROC-AUC", "loss": "test loss"}


def heading(findings: Findings) -> str:
    """HTML: the pair, the sweep, the scores on the test split, the best trial and its parameters."""
    config, result = findings.config, findings.result
    head = f"<h1>{escape(config.pair)}</h1><p>Sweep {escape(config.name)}: {escape(_counts(findings))}</p>"
    if result is None:
        head += '<p class="note">The sweep is not finished: this is its state so far.</p>'
    else:
        scores = {label: f"{result['test'][name]:.4f}" for name, label in _SCORES.items()}
        head += definitions(scores, "scores")
    best = best_of(list(findings.records))
    if best is None:
        return head
    so_far = "" if result else " so far"
    head += f"<p>Best trial{so_far}: number {best.number}, epoch {best.best_epoch}, {SCORE} {best.best[0]:.4f}</p>"
    return head + definitions({name: _value(name, value) for name, value in best.parameters.items()})


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
