"""Gives a sweep's runs and registered versions in MLflow another name."""

from __future__ import annotations

from tuner.core.config import SweepConfig
from tuner.tracking.client import make_client, pages
from tuner.tracking.run_status import SWEEP_TAG, TRIAL_TAG, UID_TAG
from tuner.tracking.run_tags import config_tag
from tuner.tracking.store import Store
from tuner.tracking.versions import versions_of_uid


def rename_runs(store: Store, config: SweepConfig) -> int:
    """Names the sweep's run as in `config`, those of its trials after it, and the sweep in all tags.

    What has the name already is left alone, so it can be repeated. Returns how many runs got it.
    """
    client = make_client(store.uri)
    experiment = client.get_experiment_by_name(config.pair)
    mine = f"tags.`{UID_TAG}` = '{config.uid}'"
    runs = list(pages(client.search_runs, [experiment.experiment_id], mine)) if experiment else []
    late = [run for run in runs if run.data.tags.get(SWEEP_TAG) != config.name]
    for run in late:
        before, name = run.data.tags.get(SWEEP_TAG, ""), str(run.info.run_name)
        client.update_run(run.info.run_id, name=f"{config.name}{name.removeprefix(before)}")
        if TRIAL_TAG not in run.data.tags:
            client.set_tag(run.info.run_id, *config_tag(config))
        client.set_tag(run.info.run_id, SWEEP_TAG, config.name)  # the last: it says that the rest is done
    for version in versions_of_uid(store.uri, config.uid):
        if version.sweep != config.name:
            client.set_model_version_tag(version.model, str(version.number), SWEEP_TAG, config.name)
    return len(late)
