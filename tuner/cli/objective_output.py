"""What commands print of objectives: the columns of tables, the Pareto front, and what the champion goes by."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tuner.core import own_code
from tuner.core.objective import Goal
from tuner.core.records import TrialRecord
from tuner.core.units import counted, format_parameters

if TYPE_CHECKING:
    from tuner.core.config import SweepConfig
    from tuner.core.outcome import Outcome

TOP = 5
MOST_OF_FRONT = 12


def parameters_heading(goal: Goal) -> str:
    """The heading over the values that were tried, where `parameters` may be the number of weights."""
    return "hyperparameters" if any(metric.name == "parameters" for metric in goal.metrics) else "parameters"


def metric_cells(record: TrialRecord, epoch: int) -> list[str]:
    """What decides, after an epoch; empty for what is not known yet."""
    outcome = record.outcome(epoch)
    return [metric.text(outcome[metric.name]) if metric.name in outcome else "" for metric in record.goal.metrics]


def print_trials(outcome: Outcome, out: Console) -> None:
    """The best trials. Of two objectives, the Pareto front, and how to come by another of its models."""
    config, name = outcome.config, outcome.config.name
    front = outcome.front
    if not front:
        out.print(trials_table(f"the best trials of {name}", outcome.top[:TOP], config))
        return
    complete = sum(record.state == "COMPLETE" for record in outcome.records)
    title = f"the Pareto front of {name}: {len(front)} of {counted(complete, 'complete trial')}"
    out.print(trials_table(title, front[:MOST_OF_FRONT], config))
    if len(front) > MOST_OF_FRONT:
        out.print(f"... and {len(front) - MOST_OF_FRONT} more: tuner report {name}", markup=False)
    out.print(f"winner    trial {front[0].number}: of the front it has the best {config.goal.first.name}", markup=False)
    if len(front) > 1 and not config.program:
        model = own_code.typed(config.model_of(front[-1].parameters))
        words = ["tuner", "train", config.typed[0], model, *config.data_options]
        again = shlex.join([*words, "--from-trial", f"{name}/{front[-1].number}"])
        out.print(f"others    their models are not kept; to train one again: {again}", markup=False, soft_wrap=True)


def trials_table(title: str, records: Sequence[TrialRecord], config: SweepConfig) -> Table:
    """A row for each trial."""
    goal = config.goal
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("trial", *(metric.name for metric in goal.metrics), "kept epoch"):
        table.add_column(column, justify="right")
    table.add_column("state")
    table.add_column(parameters_heading(goal), overflow="fold")
    for record in records:
        epoch = f"{record.best_epoch} of {config.epochs}"
        state = record.word if record.best.feasible or not goal.constraints else f"{record.word}, beyond a constraint"
        parameters = Text(format_parameters(record.parameters))
        table.add_row(str(record.number), *metric_cells(record, record.best_epoch), epoch, state, parameters)
    return table


def print_champion_rule(config: SweepConfig, pair: str, out: Console) -> None:
    """That the champion of the pair is chosen by its task's score, where the sweep's winner was not."""
    if not config.goal.by_score:
        rule = f"chosen among all models of {pair} by validation {config.goal.kind.label} alone"
        out.print(f"champion  {rule}", markup=False, soft_wrap=True)


def print_excluded(config: SweepConfig, records: Sequence[TrialRecord], out: Console) -> None:
    """How many trials ended because they cannot fulfill a constraint."""
    count = sum(record.ended and bool(config.goal.broken(record.measured)) for record in records)
    if count:
        broken = " or ".join(str(each) for each in config.goal.constraints if each.metric.before)
        out.print(f"excluded  {counted(count, 'trial')} before the first epoch: not {broken}", markup=False)
