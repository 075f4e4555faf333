"""What is printed of a confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from tuner.core.confirmation_text import confirmed_text, mean_test_text, own_text
from tuner.core.finalists_text import decision_text, finalist_text

if TYPE_CHECKING:
    from tuner.core.outcome import Winner
    from tuner.sweeps.status import Status


def print_confirmed(winner: Winner, out: Console) -> None:
    """What other seeds gave, when that was asked for."""
    _print_finalists(winner, out)
    found = winner.confirm
    if found is None:
        return
    own = f"; {own_text(found, winner.val_score, winner.finalists)}" if found.score else ""
    out.print(f"confirm   {confirmed_text(found)}{own}", markup=False, soft_wrap=True)
    if found.test:
        kind = winner.scores.kind
        mean = mean_test_text(found, kind.score, winner.threshold)
        out.print(f"          test {kind.label} {mean}", markup=False, soft_wrap=True)
    for reason in found.failed:
        out.print(f"          not complete: {reason}", markup=False, soft_wrap=True)


def _print_finalists(winner: Winner, out: Console) -> None:
    found = winner.finalists
    if found is None:
        return
    out.print(f"finalists {decision_text(found)}", markup=False, soft_wrap=True)
    for each in found.trials:
        out.print(f"          trial {each.trial}: {finalist_text(found, each)}", markup=False, soft_wrap=True)


def print_confirming(status: Status, out: Console) -> None:
    """How far the confirmation of a sweep is, and what it has come to."""
    found, states = status.confirm, status.confirm_states
    over = status.state == "finished"
    far = "" if over else f"{states.get('done', 0)} of {sum(states.values())} trainings done"
    if found is None:
        if states and far:
            out.print(f"finalists {far}", markup=False)
        return
    shown = confirmed_text(found) if over or found.score else ""
    out.print(f"confirm   {'; '.join(filter(None, (far, shown)))}", markup=False, soft_wrap=True)
