"""What `tuner ui --address` has beside the page: the ear at the cluster's head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tuner.cli.remote import RUN
from tuner.execution.jobs.head import connect_head
from tuner.serving.board.cluster import Cluster
from tuner.serving.board.head_jobs import HeadJobs
from tuner.sweeps.mirror import Mirror


@contextmanager
def cluster_at(address: str, err: Console) -> Iterator[Cluster]:
    """The sweeps of a cluster, as its head tells them while the block lasts.

    Raises:
        TunerError: no cluster answers there, or it has not got what tuner needs.
    """
    with TemporaryDirectory(prefix="tuner-ui-", ignore_cleanup_errors=True) as scratch:
        with err.status(f"Asking {address}"):
            head = connect_head(address, RUN, Path(scratch) / "package")
        home = Path(scratch) / "sweeps"
        home.mkdir()
        cluster = Cluster(HeadJobs(head), Mirror(home))
        cluster.begin()
        try:
            yield cluster
        finally:
            cluster.close()
