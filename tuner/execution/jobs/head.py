"""Starting commands on a cluster's head as Ray jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.core import own_code, several_models
from tuner.core.files import tuner_home
from tuner.core.package import unzipped_wheel
from tuner.core.sweep_request import SweepRequest
from tuner.execution.jobs.address import submitted
from tuner.execution.jobs.capabilities import check_capabilities
from tuner.execution.jobs.client import Job, Jobs

PREFIX = "tuner-"  # the prefix of our job ids


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a cluster, which runs tuner's commands for us."""

    jobs: Jobs
    entry: tuple[str, ...]
    """The words of the program that runs a command there."""
    modules: tuple[Path, ...]
    """This package, to upload where the cluster has none or another version of it."""

    def start(
        self, words: Sequence[str], *, files: Path | None = None, sweep: SweepRequest | None = None, name: str = ""
    ) -> str:
        """Starts a command there. Returns its job's id: for a sweep, `tuner-NAME`, with a number if it is resumed."""
        metadata = {"tuner_sweep": name} if name else {}
        if sweep:
            code = sweep.program.program.name if sweep.program else ""
            model = code or several_models.title(sweep.model)
            metadata |= {"tuner_dataset": own_code.typed(sweep.dataset), "tuner_model": model}
        job_id = _free_id(self.jobs, name) if name else None
        return self.jobs.submit(
            [*self.entry, *words], modules=self.modules, files=files, metadata=metadata, job_id=job_id
        )


def connect_head(address: str, entry: tuple[str, ...], scratch: Path) -> Head:
    """The head of the cluster at `address`.

    Args:
        address: of its dashboard.
        entry: the words of the program that runs commands there.
        scratch: a folder for a copy of this package, which must exist as long as commands are started.

    Raises:
        TunerError: it does not answer, or has not got what tuner needs.
    """
    jobs = Jobs(address)
    found = check_capabilities(jobs)
    return Head(jobs=jobs, entry=entry, modules=() if found.same_code else tuple(unzipped_wheel(scratch)))


def free_name(jobs: Jobs, pair: str) -> str:
    """The first DATASET-MODEL-N that no sweep on this cluster or in this home has."""
    taken = {job.metadata.get("tuner_sweep") for job in jobs.jobs()} | set(submitted(tuner_home()))
    return next(name for n in range(1, 10**6) if (name := f"{pair}-{n}") not in taken)


def _free_id(jobs: Jobs, name: str) -> str:
    taken = {job.id for job in jobs.jobs()}
    plain = f"{PREFIX}{name.replace('.', '_')}"
    return next(each for n in range(1, 10**6) if (each := plain if n == 1 else f"{plain}-{n}") not in taken)


def exit_code(job: Job) -> int:
    """That of the command that a job has run; 1 when the job ended without one."""
    return job.exit_code if job.exit_code is not None else 0 if job.status == "SUCCEEDED" else 1
