"""The description of a sweep's run in MLflow: what was found, in words, with the report's pictures."""

from __future__ import annotations

import re
from collections import Counter

from tuner.core.budget_text import ended_text
from tuner.core.errors import printable
from tuner.core.score_text import interval_text, score_digits
from tuner.core.scores import read_scores
from tuner.core.summary import count_states
from tuner.core.sweep_folder import SweepFolder
from tuner.core.units import counted, format_parameters
from tuner.report.findings import Findings
from tuner.report.page_opening import opening

PICTURES = {
    "history": "The score of each trial",
    "curves": "The best trial, epoch by epoch",
    "importance": "Which parameters matter",
    "parallel": "All trials",
    "confusion": "The confusion matrix on the test set",
    "predicted": "Predicted against true on the test set",
}
"""Those of the report, in their order, as far as it has them."""


def run_note(folder: SweepFolder) -> tuple[str, dict[str, str]]:
    """Markdown, and the pictures that follow it: the file of each in the report's folder, by its caption.

    Raises:
        TunerError: the sweep's folder is damaged.
    """
    findings = Findings.read(folder.path)
    config, records = findings.config, findings.records
    states = count_states(Counter(record.word for record in records))
    rows = {"trials": f"{len(records)} of {config.trials} ({states})"}
    rows |= _best(findings) | _tests(findings)
    if ended := ended_text(config, (findings.result or {}).get("ended_by", "")):
        rows["ended by"] = ended
    table = ["| | |", "|---|---|", *(f"| {_plain(name)} | {_plain(value)} |" for name, value in rows.items())]
    commands = [f"    tuner {verb} {config.name}" for verb in ("status", "best", "report")]
    text = "\n".join([_plain(opening(findings)), "", *table, "", *commands, ""])
    found = {caption: f"{key}.png" for key, caption in PICTURES.items() if (folder.report / f"{key}.png").is_file()}
    return text, found


def _best(findings: Findings) -> dict[str, str]:
    if not any(record.feasible for record in findings.records):
        return {}
    best, epoch = findings.best, findings.saved_epoch
    where = f"trial {best.number}, {counted(best.epoch, 'epoch')}: {best.score_text(epoch)}"
    return {"best": where, "its parameters": format_parameters(best.parameters)}


def _tests(findings: Findings) -> dict[str, str]:
    """The scores on the test split, with their intervals."""
    result = findings.result
    if result is None or findings.config.program is not None:
        return {}
    scores, found = read_scores(result["test"]), {}
    for name, label in scores.kind.tested.items():
        interval = scores.interval(name)
        within = f" ({interval_text(interval)})" if interval else ""
        found[f"test {label}"] = f"{score_digits(scores.value(name), interval)}{within}"
    return found


def _plain(text: str) -> str:
    """A text in one line, in which nothing is Markdown or HTML: names are users'."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$])", r"\\\1", printable(text))
