"""The command serve for a cluster, whose head serves the model: here that is asked for, listed and ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tuner.cli.console import PIPED_WIDTH, err, out
from tuner.cli.remote import RUN
from tuner.cli.serve_lines import say, tell
from tuner.cli.serve_on_head import BEGIN, END
from tuner.cli.serve_settings import model_of, settings_of
from tuner.cli.serve_token import token_of
from tuner.cli.status_table import Column, table_lines
from tuner.core.errors import TunerError
from tuner.core.replicas import Replicas
from tuner.core.units import counted
from tuner.execution.jobs.client import Jobs
from tuner.execution.jobs.head import Head, connect_head, exit_code
from tuner.execution.jobs.served import FAILED, ClusterServing, Served, ask_served
from tuner.serving.access import digest_of
from tuner.serving.model.cluster import name_of
from tuner.serving.model.settings import MB, Settings
from tuner.serving.model.usual import PORT

POLL_S = 2.0
PATIENCE_S = 60.0  # after which a cluster that does not answer is given up
INTERRUPTED = 130


@dataclass(frozen=True)
class Wanted:
    """A model that is to be served on a cluster; what is None was not typed."""

    model: str
    given_name: str | None
    settings: Settings
    token: str = field(repr=False)
    replicas: Replicas
    _: KW_ONLY
    host: str | None
    port: int | None
    replace: bool
    attach: bool
    typed: bool
    """Whether the address was typed, and not found in the environment."""

    @property
    def name(self) -> str:
        """By which it is served. Raises TunerError for what cannot be served, or be a name."""
        name = name_of(self.model)
        return name if self.given_name is None else name_of(self.given_name)

    def words(self) -> list[str]:
        """The command for the head. The token does not go along, only its digest: the job API shows a job's words."""
        own = self.settings
        values = {
            "--as": self.name,
            "--replicas": self.replicas,
            "--host": own.host,
            "--port": self.port or PORT,
            "--follow": own.follow_s,
            "--max-batch": own.most_batch,
            "--max-wait": own.wait_s * 1000,
            "--threads": own.threads,
            "--max-megabytes": own.most_bytes / MB,
            "--max-samples": own.most_samples,
        }
        access = ["--token-digest", digest_of(self.token)] if self.token else ["--no-token"]
        return [BEGIN, self.model, *access, *(word for pair in values.items() for word in map(str, pair))]


def run_there(given: Mapping[str, Any], address: str) -> int:
    """Does what `tuner serve` was given, its `locals()`, on the cluster at this address. Returns the exit status."""
    if given["all_"]:
        return show_all(address)
    model = model_of(given["model"])
    if given["end"]:
        return stop_there(model, given["name"], address)
    wanted = Wanted(
        model,
        given["name"],
        settings_of(given, here=False),
        token_of(given["token_file"], no_token=given["no_token"], local=False),
        Replicas.parse(given["replicas"] or "1"),
        host=given["host"],
        port=given["port"],
        replace=given["replace"],
        attach=given["attach"],
        typed=bool(given["address"]),
    )
    return serve_there(wanted, address)


def serve_there(wanted: Wanted, address: str) -> int:
    """Has a model served, and says where. Returns the exit status."""
    name = wanted.name
    hint = f" --address {address}" if wanted.typed else ""
    with TemporaryDirectory() as scratch:
        with err.status(f"Asking {address}"):
            _check(wanted, ask_served(Jobs(address)), address)
            head = connect_head(address, RUN, Path(scratch))
        job_id = head.start(wanted.words())
        try:
            with _interruptible():
                return _begun(head, job_id, wanted, hint) or (_stay(head.jobs, name) if wanted.attach else 0)
        except KeyboardInterrupt:
            if not wanted.attach:
                say(f"{name} begins without this terminal. To end it: tuner serve {name} --stop{hint}")
                return INTERRUPTED
            say(f"Ending {name}")
            head.jobs.stop(job_id)  # it may still be beginning
            return _run(head, [END, name])


def _begun(head: Head, job_id: str, wanted: Wanted, hint: str) -> int:
    """Waits until the model is served, and says where. Returns the exit status of the job."""
    name = wanted.name
    with err.status(f"Starting {counted(wanted.replicas.least, 'replica')} of {name} on {head.jobs.address}"):
        code = exit_code(head.jobs.follow(job_id, say))
    if code:
        return code
    served = ask_served(head.jobs).applications.get(name)
    if served is None:
        raise TunerError(f"{name} is not served any more: somebody has ended it")
    note = counted(served.replicas, "replica") + ("; Ctrl-C ends it" if wanted.attach else "")
    tell(name, served.address.rstrip("/"), wanted.token, note)
    if not wanted.attach:
        say(f"It goes on without this terminal. To end it: tuner serve {name} --stop{hint}")
    return 0


def _check(wanted: Wanted, now: ClusterServing, address: str) -> None:
    """Raises TunerError where it would be in the way of what is served already."""
    there = now.applications.get(wanted.name)
    if there is not None and there.state != FAILED and not wanted.replace:
        raise TunerError(
            f"{address} serves {wanted.name} already, at {there.address}: --replace puts this in its place, and --as "
            "gives this another name"
        )
    if now.listens is None:
        return
    host, port = now.listens
    if (wanted.port or port) != port or (wanted.host or host) != host:
        raise TunerError(f"{address} serves at {host}:{port} already, for all models: leave out --host and --port")


def stop_there(model: str, given_name: str | None, address: str) -> int:
    """Ends what is served by a name. Returns the exit status."""
    name = name_of(given_name or model)
    with TemporaryDirectory() as scratch, err.status(f"Asking {address}"):
        known = ask_served(Jobs(address)).applications
        if name not in known:
            others = f"; it serves {', '.join(sorted(known))}" if known else ""
            raise TunerError(f"{address} does not serve {name}{others}")
        code = _run(connect_head(address, RUN, Path(scratch)), [END, name])
    if code == 0:
        say(f"{name} is not served any more")
    return code


def show_all(address: str) -> int:
    """Prints a row for each application. Returns the exit status."""
    with err.status(f"Asking {address}"):
        found = [each for _, each in sorted(ask_served(Jobs(address)).applications.items())]
    if not found:
        out.print(f"{address} serves nothing. To begin: tuner serve MODEL --address {address}", soft_wrap=True)
        return 0
    columns = {
        "name": Column("name", [each.name for each in found]),
        "state": Column("state", [each.state.lower().replace("_", " ") for each in found]),
        "replicas": Column("replicas", [f"{each.replicas} of {each.wanted}" for each in found]),
        "address": Column("address", [each.address for each in found]),
    }
    for line in table_lines(columns, tuple(columns), tuple(columns), PIPED_WIDTH)[0]:
        out.print(line, markup=False, soft_wrap=True)
    for each in found:
        if each.message:
            say(f"{each.name}: {each.message}")
    return 0


def _run(head: Head, words: list[str]) -> int:
    """Runs a command there and prints its lines. Returns its exit status."""
    return exit_code(head.jobs.follow(head.start(words), say))


def _stay(jobs: Jobs, name: str) -> int:
    """Until it is not served any more. Says when its state changes. Returns the exit status."""
    state = ""
    while (served := _now(jobs, name)) is not None:
        if served.state != state and state:
            say(f"{name}: {served.state.lower()}{f': {served.message}' if served.message else ''}")
        state = served.state
        time.sleep(POLL_S)
    say(f"{name} is not served any more")
    return 1


def _now(jobs: Jobs, name: str) -> Served | None:
    """What is served by this name; None when nothing is. A cluster that does not answer for a while is asked again."""
    since = time.monotonic()
    while True:
        try:
            return ask_served(jobs).applications.get(name)
        except TunerError:
            if time.monotonic() - since > PATIENCE_S:
                raise
        time.sleep(POLL_S)


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM is a Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
