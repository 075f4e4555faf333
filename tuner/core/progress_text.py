"""How far a running sweep is, in words: the same in a terminal, in a notebook and in a file."""

from __future__ import annotations

from tuner.core.records import TrialRecord
from tuner.core.summary import Summary
from tuner.core.units import counted, format_parameters, format_seconds

LINE_S = 10.0  # seconds between plain lines, except when a trial ends
IDLE_S = 60.0  # the same while no epoch ends


class ProgressLines:
    """A line now and then: when a trial has ended, and else every LINE_S seconds, or IDLE_S while no epoch ends."""

    def __init__(self) -> None:
        self._due = self._idle_due = 0.0
        self._ended = self._epochs = 0

    def line(self, summary: Summary, now: float) -> str:
        """The line that is due at the time `now`, of a clock that never goes back; empty when none is."""
        ended = sum(summary.counts.get(name, 0) for name in ("done", "pruned", "failed", "waiting"))
        due = self._idle_due if summary.epochs == self._epochs else self._due
        if ended == self._ended and now < due:
            return ""
        self._ended, self._epochs = ended, summary.epochs
        self._due, self._idle_due = now + LINE_S, now + IDLE_S
        return progress_line(summary)


def progress_line(summary: Summary) -> str:
    """`16 trials: 2 done, 14 queued; 9 epochs; best ...; about 2 min left`. Empty before the first epoch."""
    if not summary.epochs:
        return ""
    best = summary.best
    shown = f"; best {best.score_text()} (trial {best.number})" if best else ""
    epochs = f"{counted(summary.epochs, 'epoch')}{shown}"
    return "; ".join(filter(None, (summary.states(), epochs, time_left(summary), budgets_left(summary))))


def best_text(record: TrialRecord) -> str:
    """The best trial so far, with its parameters."""
    parameters = format_parameters(record.parameters)
    return f"{record.score_text()}, trial {record.number} after epoch {record.best_epoch}: {parameters}"


def budgets_left(summary: Summary) -> str:
    """What remains of each budget; empty without any."""
    return ", ".join(each.text for each in summary.budgets)


def time_left(summary: Summary) -> str:
    """`about 5 min left`; empty while that is not known, and in the last second, of which there is nothing to tell."""
    if summary.left is None:
        return "" if summary.epochs else "starting"
    return f"about {format_seconds(summary.left)} left" if summary.left >= 1 else ""


def share_done(summary: Summary) -> float:
    """How much of the expected epochs has been trained, 0 to 1."""
    return min(1.0, summary.epochs / max(1, summary.expected))
