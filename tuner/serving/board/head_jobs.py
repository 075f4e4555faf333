"""The head of a cluster, as `Cluster` needs it: commands run there as Ray jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tuner.execution.jobs.head import Head, exit_code


class HeadJobs:
    """See `cluster.HeadOf`."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self.address = head.jobs.address

    def start(self, words: Sequence[str]) -> str:
        """Starts a command of tuner there. Returns its job's id."""
        return self._head.start(words)

    def follow(self, job: str, line: Callable[[str], None]) -> str:
        """Calls `line` with each line that it prints, until it has ended. Returns what is wrong, or an empty text."""
        last: list[str] = []

        def hear(text: str) -> None:
            if not text.startswith("{"):
                last[:] = [text]
            line(text)

        ended = self._head.jobs.follow(job, hear)
        if exit_code(ended) == 0:
            return ""
        said = next(iter(last), "").removeprefix("error: ")
        return said or ended.message.strip() or f"its job {job} is {ended.status}"

    def stop(self, job: str) -> None:
        """Ends it."""
        self._head.jobs.stop(job)

    def job_of(self, sweep: str) -> str:
        """The id of the last job of a sweep; empty if there is none."""
        found = [each.id for each in self._head.jobs.jobs() if each.metadata.get("tuner_sweep") == sweep]
        return found[-1] if found else ""
