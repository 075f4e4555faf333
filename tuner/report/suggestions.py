"""What a report suggests to try next: `search.advice` on a sweep's findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tuner.core.earlier import epochs_of
from tuner.core.records import Value
from tuner.data.spec import DataSpec
from tuner.report.findings import Findings
from tuner.report.not_shown import NotShown
from tuner.search.advice import Advice, advise
from tuner.search.importance import Importance
from tuner.search.next_command import next_command, resume_command
from tuner.search.outlook import outlook_of
from tuner.search.space_file import space_of
from tuner.training.classifier import try_value

SAME = "Nothing here asks for another search. To see how much of the score is luck, train it with other seeds:"


def suggest(findings: Findings) -> tuple[Advice, str, str]:
    """The advice, a command to copy, and what the command is for.

    Raises:
        NotShown: the sweep is not finished: the next step is to finish it.
    """
    config, spec = findings.config, findings.winner.spec
    advice = advise(
        findings.records,
        findings.best,
        space_of(config),
        epochs_of(config, findings.best.number),
        _importance(findings),
        _accepts(spec, config.model_of(findings.best.parameters)),
        learnt=findings.learnt,
        inside=findings.fitting,
    )
    if advice.max_epochs and advice.max_epochs <= config.epochs:  # others were trained for longer already
        advice = replace(advice, max_epochs=None)
    outlook = outlook_of(config, findings.records) if findings.learnt else None
    if outlook:
        advice = replace(advice, remarks=(*advice.remarks, f"{outlook.text()}."))
    onwards = resume_command(config, advice, findings.budgets) if findings.learnt else ""
    if onwards:
        return advice, onwards, "To go on with this sweep with these changes:"
    command = next_command(config, spec.task, advice)
    kind = "training" if config.trials == 1 else "sweep"
    purpose = f"A {kind} with these changes:" if findings.learnt else f"A {kind} to try next:"
    return advice, command, purpose if advice.changes else SAME


def _importance(findings: Findings) -> Importance | None:
    try:
        return findings.importance
    except NotShown:
        return None


def _accepts(spec: DataSpec, model: str) -> Callable[[str, Value], bool]:
    """Whether training, or this model on this data, takes a value."""

    def accepts(name: str, value: Value) -> bool:
        try:
            try_value(spec, model, name, value)
        except (ValueError, TypeError, RuntimeError):
            return False
        return True

    return accepts
