"""Where the checkpoints of a sweep are kept."""

from __future__ import annotations

from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.execution.executor import Executor
from tuner.tracking.store import Store
from tuner.training.checkpoint_storage import CheckpointStorage, UriStorage


def choose_storage(config: SweepConfig, store: Store, executor: Executor) -> CheckpointStorage | None:
    """Where the checkpoints are kept, or None when they lie in the sweep's folder, which all workers see.

    Raises:
        TunerError: the cluster has several nodes, and neither a storage nor an MLflow server.
    """
    storage = UriStorage.of(config)
    if storage:
        storage.check()
        return storage
    if executor.shares_disk:
        return None
    if store.local:
        raise TunerError(
            "the nodes of this cluster share no disk: give --storage URI, or set MLFLOW_TRACKING_URI on the cluster, "
            "so that trials can resume on another node"
        )
    from tuner.tracking.artifacts import ArtifactStorage  # noqa: PLC0415 - imports MLflow

    return ArtifactStorage(store.address, config.pair, config.uid)
