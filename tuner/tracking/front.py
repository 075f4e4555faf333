"""The Pareto front of a sweep with two objectives, as tags in MLflow."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.core.objective import Goal
from tuner.core.pareto import front_of
from tuner.core.records import TrialRecord
from tuner.tracking.client import make_client
from tuner.tracking.retry import ignore_refusal
from tuner.tracking.run_status import MOST_CHARACTERS, TRIAL_TAG
from tuner.tracking.runs import MlflowSweep

FRONT_TAG = "tuner.front"  # of a sweep's run: the numbers of the trials on its front; of such a trial's run: `true`


def log_front(uri: str, sweep: MlflowSweep, goal: Goal, records: Sequence[TrialRecord]) -> None:
    """Tags the runs of the trials on the front, and the sweep's run with their numbers.

    Trials that have left the front, since the sweep has grown, lose the tag. A second call changes nothing.
    """
    if not goal.several:
        return
    client, front = make_client(uri), [record.number for record in front_of(records)]
    for run in sweep.trial_runs():
        on_front, tagged = int(run.data.tags[TRIAL_TAG]) in front, FRONT_TAG in run.data.tags
        if on_front and not tagged:
            client.set_tag(run.info.run_id, FRONT_TAG, "true")
        elif tagged and not on_front:
            with ignore_refusal():  # some users may write but not delete
                client.delete_tag(run.info.run_id, FRONT_TAG)
    client.set_tag(sweep.run_id, FRONT_TAG, ", ".join(map(str, front))[:MOST_CHARACTERS])
