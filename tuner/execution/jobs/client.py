"""The part of Ray's job API that sweeps need. Errors become one line that says what to do."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import requests
from ray.job_submission import JobStatus, JobSubmissionClient

from tuner.core.environment import DEFAULTS, ON_CLUSTER, OUTPUT_MARK
from tuner.core.errors import TunerError, one_line
from tuner.execution.forked_ray import adopt_environment

POLL_S = 0.3
STOP_S = 30
ANSWER_S = 60.0
LIVE = (JobStatus.PENDING, JobStatus.RUNNING)
_NO_TOKEN = (
    "the cluster asks for a token: set RAY_AUTH_TOKEN, or put it into ~/.ray/auth_token with mode 0600; "
    "`ray get-auth-token --generate` makes one for a cluster that has none yet"
)


_WRONG_TOKEN = "the cluster has another token than RAY_AUTH_TOKEN or ~/.ray/auth_token"


for _name in ("ray.dashboard.modules.job.sdk", "ray.dashboard.modules.dashboard_sdk"):
    logging.getLogger(_name).setLevel(logging.ERROR)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job that a cluster runs, or has run, for us."""

    id: str
    """Ray's submission id."""
    status: str
    metadata: Mapping[str, str]
    message: str
    """Ray's message on why it failed."""
    exit_code: int | None

    @property
    def live(self) -> bool:
        """Whether it is pending or running."""
        return self.status in LIVE


class _Client(JobSubmissionClient):  # type: ignore[misc]
    """Ray's client with a timeout: without one it waits forever for a server that never answers."""

    def _do_request(self, method: str, endpoint: str, **options: Any) -> requests.Response:
        answer: requests.Response = super()._do_request(method, endpoint, **{"timeout": ANSWER_S, **options})
        return answer


class Jobs:
    """A cluster that jobs are submitted to."""

    def __init__(self, address: str) -> None:
        """Raises TunerError if no cluster answers there, or if it does not accept the token."""
        self.address = address
        adopt_environment()
        with self._told():
            self._client = _Client(address)

    def check_version(self) -> None:
        """Raises TunerError if the cluster's Ray has another minor version than ours."""
        with self._told():
            theirs = str(self._client._do_request("GET", "/api/version").json()["ray_version"])
        if theirs.split(".")[:2] != ray.__version__.split(".")[:2]:
            raise TunerError(
                f"{self.address} runs Ray {theirs}, but here is Ray {ray.__version__}: use the same on both"
            )

    def submit(
        self,
        command: Sequence[str],
        *,
        modules: Sequence[Path] = (),
        files: Path | None = None,
        metadata: Mapping[str, str] | None = None,
        job_id: str | None = None,
    ) -> str:
        """Starts a command on the head. Returns its id.

        Args:
            command: the command and its arguments.
            modules: folders of Python packages that are uploaded too.
            files: a folder that becomes its working directory.
            metadata: shown in the dashboard.
            job_id: an id that no job has had yet, or None to let Ray choose one.
        """
        variables = {**DEFAULTS, ON_CLUSTER: "1", "RAY_JOB_STOP_WAIT_TIME_S": str(STOP_S)}  # visible to all: no secrets
        env: dict[str, Any] = {"env_vars": variables}
        if modules:
            env["py_modules"] = [str(module) for module in modules]
        if files:
            env["working_dir"] = str(files)
        with self._told():
            return str(
                self._client.submit_job(
                    entrypoint=shlex.join(command),
                    runtime_env=env,
                    metadata=dict(metadata or {}),
                    submission_id=job_id,
                )
            )

    def job(self, job_id: str) -> Job:
        """The current state of a job."""
        with self._told():
            return _job(self._client.get_job_info(job_id))

    def jobs(self) -> list[Job]:
        """All jobs that the cluster remembers, the oldest first."""
        with self._told():
            found = sorted(self._client.list_jobs(), key=lambda job: job.start_time or 0)
        return [_job(info) for info in found if info.submission_id]

    def get(self, path: str) -> tuple[int, Any]:
        """The status and the JSON that the dashboard answers a GET with; None where it is no JSON."""
        with self._told():
            answer = self._client._do_request("GET", path)
        try:
            return answer.status_code, answer.json()
        except requests.exceptions.JSONDecodeError:
            return answer.status_code, None

    def stop(self, job_id: str) -> None:
        """Sends SIGTERM to the job's processes, on which a sweep saves its trials, and SIGKILL after STOP_S seconds."""
        with self._told():
            self._client.stop_job(job_id)

    def follow(self, job_id: str, line: Callable[[str], bool | None]) -> Job:
        """Calls `line` with each line that the job prints after BEGIN, until it returns True or the job has ended.

        Connects again if the connection breaks.
        """
        shown = 0
        while True:
            with self._told():
                shown, enough = asyncio.run(self._tail(job_id, shown, line))
            job = self.job(job_id)
            if enough or not job.live:
                return job
            time.sleep(POLL_S)

    async def _tail(self, job_id: str, skip: int, line: Callable[[str], bool | None]) -> tuple[int, bool]:
        """Returns how many lines there were, and whether `line` has returned True."""
        rest, count, begun = "", 0, False
        try:
            async for chunk in self._client.tail_job_logs(job_id):
                *lines, rest = (rest + chunk).split("\n")
                for text in lines:
                    count += 1
                    if begun and count > skip and line(text):
                        return count, True
                    begun = begun or text == OUTPUT_MARK
        except RuntimeError:  # the connection broke; `follow` tries again
            pass
        return max(skip, count), False

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.InvalidHeader:  # its message contains the token
            raise TunerError("RAY_AUTH_TOKEN has a character that no token has, such as a line break") from None
        except (KeyError, TypeError) as error:
            raise TunerError(f"{self.address}: no Ray cluster answers there: the answer has no {error}") from None
        except (ConnectionError, requests.exceptions.RequestException, OSError) as error:
            raise TunerError(f"{self.address}: no Ray cluster answers there: {_cause(error)}") from None
        except ray.exceptions.AuthenticationError as error:
            raise TunerError(f"{self.address}: {_NO_TOKEN if 'find an' in str(error) else _WRONG_TOKEN}") from None
        except (RuntimeError, ValueError) as error:
            text = str(error)
            if "Authentication required" in text or "status code 401" in text:
                raise TunerError(f"{self.address}: {_NO_TOKEN}") from None
            if "Authentication failed" in text or "status code 403" in text:
                raise TunerError(f"{self.address}: {_WRONG_TOKEN}") from None
            raise TunerError(f"{self.address}: {one_line(error)}") from None


def output(jobs: Jobs, job_id: str) -> tuple[list[str], Job]:
    """Waits for a job to end. Returns all lines that it has printed, and the job."""
    lines: list[str] = []
    job = jobs.follow(job_id, lines.append)
    return lines, job


def parsed(lines: Sequence[str]) -> Any:
    """The JSON document that a command has printed. Raises ValueError if there is none."""
    first = next((index for index, line in enumerate(lines) if line.startswith(("{", "["))), len(lines))
    return json.loads("\n".join(lines[first:]))


def _job(info: Any) -> Job:
    return Job(
        id=str(info.submission_id),
        status=info.status,
        metadata=info.metadata or {},
        message=info.message or "",
        exit_code=info.driver_exit_code,
    )


def _cause(error: Exception) -> str:
    return "connection refused" if "refused" in str(error) else one_line(error)[:200]
