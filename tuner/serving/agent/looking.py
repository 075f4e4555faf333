"""The tools that look: what can be trained, and how sweeps stand. Each calls what the command of its name calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import anyio
from pydantic import Field

from tuner.core.choices import all_choices
from tuner.core.disk_usage import disk_usage
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.serving.agent.answers import Event, EventPage, SweepPage, TrialPage, TrialRow, answer
from tuner.serving.schemas.models import Choices
from tuner.serving.schemas.sweeps import Best, StatusWithDisk, SweepRow

LONGEST_WAIT_S = 50.0  # clients give up after a minute
POLL_S = 0.5
MOST = 200
Name = Annotated[str, Field(description="A sweep's name.")]
First = Annotated[int, Field(ge=0, description="How many to leave out before the first one.")]
Most = Annotated[int, Field(ge=1, le=MOST, description="How many to give at most.")]
_Each = TypeVar("_Each")


def list_choices() -> Choices:
    """What can be trained: datasets, models, and the pairs that have a search space of their own.

    `csv:PATH`, `folder:PATH` and `text:PATH` are your own data, and a FILE.py your own code.
    """
    return answer(Choices, all_choices())


def list_sweeps(first: First = 0, most: Most = 50) -> SweepPage:
    """All sweeps of the folder of sweeps, the newest first: pair, state, trials, best score, size."""
    from tuner.sweeps.sweep_reader import all_statuses  # noqa: PLC0415 - imports Optuna
    from tuner.sweeps.sweep_rows import sweep_row  # noqa: PLC0415

    home = tuner_home()
    found, damaged = all_statuses(home)
    part, total, after = _part(found[::-1], first, most)
    rows = [sweep_row(each, disk_usage(home / each.config.name)) for each in part]
    sweeps = [answer(SweepRow, row) for row in rows]
    return SweepPage(sweeps=sweeps, total=total, next=after, damaged=damaged[:most])


async def status(
    name: Name,
    wait_s: Annotated[
        float, Field(ge=0, le=LONGEST_WAIT_S, description="Wait until it no longer runs, at most so many seconds.")
    ] = 0.0,
) -> StatusWithDisk:
    """How a sweep stands: state, trials, best so far, seconds left, and everything that decides what it does.

    To wait for its end, call it again with wait_s=50 while the state is running, stopping or pausing.
    """
    deadline = time.monotonic() + wait_s
    while True:
        now = await anyio.to_thread.run_sync(_status, name)
        if now.state not in ("running", "stopping", "pausing") or time.monotonic() >= deadline:
            return now
        await anyio.sleep(POLL_S)


def logs(
    name: Name,
    trial: Annotated[int | None, Field(ge=0, description="The number of the only trial to tell of.")] = None,
    first: Annotated[
        int | None,
        Field(ge=0, description="How many to leave out before the first; by default the last are given."),
    ] = None,
    most: Most = 50,
) -> EventPage:
    """What has happened in a sweep, in order of time: parameters, epochs and end of each trial."""
    from tuner.sweeps.logs import follow_events  # noqa: PLC0415 - imports Optuna
    from tuner.sweeps.sweep_reader import SweepReader  # noqa: PLC0415

    found = list(follow_events(SweepReader(name, tuner_home()), trial, follow=False))
    part, total, after = _part(found, max(0, len(found) - most) if first is None else first, most)
    events = [Event(time=each.time, what=each.what, trial=each.trial, text=each.text) for each in part]
    return EventPage(events=events, total=total, next=after)


def trials(
    name: Name,
    order: Annotated[Literal["best", "number"], Field(description="best: those with a score, best first.")] = "best",
    first: First = 0,
    most: Most = 50,
) -> TrialPage:
    """The trials of a sweep: parameters, scores in the epoch that is kept, state, and why each ended early."""
    from tuner.sweeps.status import shown_trial  # noqa: PLC0415
    from tuner.sweeps.sweep_reader import SweepReader  # noqa: PLC0415 - imports Optuna

    records = SweepReader(name, tuner_home()).live_records()
    if order == "best":
        records = sorted((each for each in records if each.ranked), key=lambda each: each.best, reverse=True)
    part, total, after = _part(records, first, most)
    rows = [
        {**shown_trial(each, each.best_epoch), "state": each.word, "last_epoch": each.epoch, "reason": each.reason}
        for each in part
    ]
    return TrialPage(trials=[answer(TrialRow, row) for row in rows], total=total, next=after)


def best(name: Name) -> Best:
    """The winner of a finished sweep with its scores on the test split; of another one its best trial so far."""
    from tuner.sweeps.best_trial import find_best  # noqa: PLC0415 - imports Optuna

    return answer(Best, find_best(name, tuner_home()).to_json())


def _status(name: str) -> StatusWithDisk:
    from tuner.sweeps.sweep_reader import SweepReader  # noqa: PLC0415 - imports Optuna

    sweep = SweepReader(name, tuner_home())
    return answer(StatusWithDisk, {**sweep.status().to_json(), "disk_bytes": disk_usage(sweep.folder)})


def _part(whole: Sequence[_Each], first: int, most: int) -> tuple[Sequence[_Each], int, int | None]:
    """A part, how many there are, and where the next part begins. Raises TunerError for one behind the end."""
    if first and first >= len(whole):
        raise TunerError(f"first={first}: the list has {len(whole):,}, from 0 on")
    return whole[first : first + most], len(whole), first + most if first + most < len(whole) else None
