"""The command resume."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.cli import budget_options as budget
from tuner.cli import objective_options as goals
from tuner.cli import options as opt
from tuner.cli.console import Command, err, out
from tuner.cli.dashboard import Dashboard, check_here
from tuner.cli.given import asked
from tuner.cli.waiting import Wait
from tuner.core.environment import prepare_environment
from tuner.core.sweep_options import read_growth

if TYPE_CHECKING:
    from tuner.core.callback import Callback
    from tuner.core.grow_request import GrowRequest
    from tuner.core.outcome import Outcome

app = typer.Typer()
MoreTrials = Annotated[
    int | None,
    typer.Option(
        "--trials",
        metavar="N",
        help="Go on until there are N trials, those that there are included; also when the sweep is finished.",
        rich_help_panel=opt.SEARCH,
    ),
]
MoreTime = Annotated[
    str | None,
    typer.Option(
        "--time-budget",
        metavar="TIME",
        help="Stop the search after this time from now on: 90s, 30m, 2h. By default it has the rest of its budget.",
        rich_help_panel=opt.SEARCH,
    ),
]
Space = Annotated[
    Path | None,
    typer.Option(
        "--space",
        metavar="FILE",
        help="Draw new trials from this search space (TOML). Trials that lie in it count there.",
        rich_help_panel=opt.SEARCH,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a parameter of the search space for new trials: lr=0.01, optimizer=sgd,adam, lr=0.001..0.1. "
        "Repeatable.",
        rich_help_panel=opt.SEARCH,
    ),
]
MoreEpochs = Annotated[
    int | None,
    typer.Option(
        "--max-epochs",
        "--epochs",
        help="Train new trials for more epochs, first the best three points of before anew.",
        rich_help_panel=opt.SEARCH,
    ),
]
RetryFailed = Annotated[
    bool,
    typer.Option(
        "--retry-failed",
        help="Try the points of failed trials again, as new trials with the same parameters.",
        rich_help_panel=opt.SEARCH,
    ),
]


@app.command(cls=Command)
def resume(
    name: opt.Name,
    *,
    trials: MoreTrials = None,
    time_budget: MoreTime = None,
    space: Space = None,
    overrides: Overrides = None,
    constrain: goals.Relations = None,
    max_epochs: MoreEpochs = None,
    retry_failed: RetryFailed = False,
    epoch_budget: budget.EpochBudget = None,
    gpu_budget: budget.GpuBudget = None,
    target_score: budget.TargetScore = None,
    patience: budget.Patience = None,
    address: opt.Address = None,
    attach: opt.Attach = False,
    detach: opt.Detach = False,
    dashboard: Dashboard = False,
    wait: Wait = False,
    as_json: opt.AsJson = False,
) -> None:
    """Continue a sweep that was paused, stopped by Ctrl-C, or that crashed, from where it was.

    With --trials also one that is finished: new trials are drawn with what all of its trials have taught. With --set or
    --space they are drawn from a changed search space, with what the trials that lie in it have taught. With
    --max-epochs they train for longer, first the best points of before anew. One that a budget ended goes on with a
    larger one: --epoch-budget, --gpu-budget, --target-score and --patience are in all, with what is used; --time-budget
    is from now on.

    Examples:  tuner resume digits-cnn-1   |   tuner resume digits-cnn-1 --trials 40 --set lr=0.01..1
    """
    given = locals()
    prepare_environment()
    more = read_growth(asked(given, "name"))
    more.check()
    place = opt.sweep_place(name, address)
    if place:
        check_here(place, dashboard=dashboard)
        from tuner.cli import remote  # noqa: PLC0415 - imports Ray

        raise typer.Exit(remote.grow(name, more, place, attach=attach, as_json=as_json, out=out, err=err))
    raise typer.Exit(_resume_here(name, more, detach=detach, dashboard=dashboard, wait=wait, as_json=as_json))


def _resume_here(name: str, more: GrowRequest, *, detach: bool, dashboard: bool, wait: bool, as_json: bool) -> int:
    """Returns the exit status."""
    from tuner.cli import printer  # noqa: PLC0415
    from tuner.cli.begin import run_in_background  # noqa: PLC0415
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.core.sweep_folder import SweepFolder  # noqa: PLC0415
    from tuner.sweeps import api, preparation  # noqa: PLC0415 - imports torch
    from tuner.sweeps.confirmation import is_pending  # noqa: PLC0415

    if more.given:
        if detach:
            preparation.begin_growing(name, more, callbacks=[printer.notes_of(err)])
            return run_in_background(name, dashboard=dashboard, as_json=as_json)

        def grow(callback: Callback) -> Outcome:
            return api.grow(name, more, callbacks=[callback], dashboard=dashboard)

        return printer.run(grow, as_json=as_json, wait=wait, out=out, err=err)
    folder = SweepFolder(tuner_home() / name)
    if detach and (not folder.result.exists() or is_pending(folder)):
        preparation.check_resumable(name, tuner_home())
        return run_in_background(name, dashboard=dashboard, as_json=as_json)

    def go_on(callback: Callback) -> Outcome:
        return api.resume(name, callbacks=[callback], dashboard=dashboard)

    return printer.run(go_on, as_json=as_json, wait=wait, out=out, err=err)
