"""The command best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli.console import Command, err, out, print_json
from tuner.cli.options import Address, AsJson, Name, sweep_place
from tuner.core.environment import prepare_environment
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home

if TYPE_CHECKING:
    from tuner.sweeps.best_trial import BestTrial

app = typer.Typer()


@app.command(cls=Command)
def best(
    name: Name,
    *,
    toml: Annotated[
        bool,
        typer.Option("--toml", help="Print the sweep's search space as a file that begins with these parameters."),
    ] = False,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Show the parameters and scores of a sweep's winner; of a sweep that is not finished, those of its best trial.

    Examples:  tuner best digits-cnn-1   |   tuner best digits-cnn-1 --toml > space.toml
    """
    prepare_environment()
    if toml and as_json:
        raise TunerError("--toml and --json: give one of them")
    place = sweep_place(name, address)
    if place:
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        words = ["best", name, *(["--toml"] if toml else []), *(["--json"] if as_json else [])]
        raise typer.Exit(remote.verb(words, place, out=out, err=err))
    from tuner.sweeps.best_trial import find_best  # noqa: PLC0415

    found = find_best(name, tuner_home())
    if toml:
        out.print(found.to_toml(), end="", markup=False, soft_wrap=True)
    elif as_json:
        print_json(found.to_json(), out)
    else:
        print_best(found, out)


def print_best(best: BestTrial, out: Console) -> None:
    """A line for each parameter and each score."""
    from tuner.cli.confirm_output import print_confirmed  # noqa: PLC0415
    from tuner.cli.winner_remarks import print_baselines, print_default, print_refit, print_threshold  # noqa: PLC0415
    from tuner.core.earlier import epochs_of  # noqa: PLC0415
    from tuner.core.score_text import luck_text, score_text, shown_score  # noqa: PLC0415

    trial, winner, score_name = best.trial, best.winner, best.config.goal.score
    what = "the winner" if best.finished else "the best so far"
    epoch = f"epoch {trial.best_epoch} of {epochs_of(best.config, trial.number)}"
    out.print(f"[bold]{best.config.name}[/bold]: {what} is trial {trial.number}, {epoch}")
    width = max(map(len, trial.parameters), default=0)
    for parameter, value in trial.parameters.items():
        out.print(f"  {parameter:<{width}}  {value}", markup=False)
    luck = luck_text(winner.val_luck, best.trials, winner.val_samples, winner.val_likely) if winner else ""
    for metric, value in best.scores():
        interval = best.val_interval() if metric.name == score_name else None
        score = score_text(value, interval) if interval else metric.text(value)
        remark = f": {luck}" if luck and metric.name == score_name else ""
        out.print(f"{metric.name}  {score}{remark}", markup=False, soft_wrap=True)
    if best.front:
        numbers = ", ".join(map(str, best.front))
        first = best.config.goal.first.name
        out.print(f"Pareto front  trials {numbers}, the best {first} first", markup=False, soft_wrap=True)
    if winner:
        tested = winner.scores.kind
        out.print(f"test {tested.label} {shown_score(winner.scores, tested.score)}", markup=False, soft_wrap=True)
        print_default(winner, best.config.epochs, out)
        print_baselines(winner, out)
        print_refit(winner, out)
        print_threshold(winner, out)
        print_confirmed(winner, out)
    _print_gain(best, out)


def _print_gain(best: BestTrial, out: Console) -> None:
    """Which of the differences from the default are predicted to carry the gain."""
    from tuner.core.sweep_folder import SweepFolder  # noqa: PLC0415
    from tuner.search.gain import gain_steps  # noqa: PLC0415
    from tuner.search.importance import NotEnoughTrialsError  # noqa: PLC0415
    from tuner.search.study_reader import read_records  # noqa: PLC0415

    if best.config.trials == 1 or best.config.program is not None:
        return
    records = read_records(SweepFolder(tuner_home() / best.config.name).journal)
    try:
        steps = gain_steps(best.config, records, best.trial)
    except NotEnoughTrialsError as reason:
        out.print(f"what carries the gain over the default: {reason}", markup=False, soft_wrap=True)
        return
    unit = "points" if best.config.goal.by_accuracy else "hundredths of R2"
    out.print(f"from the default to these parameters, as a model of the other trials predicts, in {unit}:")
    width = max(len(each.change) for each in steps)
    for each in steps:
        noise = "" if each.clear else "   within noise"
        out.print(f"  {each.change:<{width}}  {each.points}{noise}", markup=False, soft_wrap=True)
