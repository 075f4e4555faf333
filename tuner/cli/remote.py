"""Commands for a cluster: the sweep's driver, and every other command about it, run on the cluster's head."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tuner.cli.console import print_json
from tuner.cli.hints import print_hints
from tuner.cli.printer import notes_of
from tuner.cli.progress import ProgressView
from tuner.core import own_code, several_models
from tuner.core.errors import TunerError
from tuner.core.files import make_folder, tuner_home
from tuner.core.grow_request import GrowRequest
from tuner.core.program_request import not_sent
from tuner.core.sweep_request import SweepRequest
from tuner.data.source import Source
from tuner.execution.jobs.address import Submitted
from tuner.execution.jobs.client import Jobs, parsed
from tuner.execution.jobs.head import connect_head, exit_code, free_name
from tuner.execution.jobs.upload import command_words, pack, pack_space
from tuner.search.space_file import parse_space, read_file
from tuner.sweeps.announcement import BEGUN
from tuner.sweeps.own_code import read_own_code
from tuner.sweeps.program_preparation import check_program
from tuner.sweeps.request_check import check_request, need_models
from tuner.sweeps.status import Status

RUN = ("python", "-P", "-m", "tuner.cli.remote_entry")  # -P: a folder on the head may have the name of a package
TAKEN = "is taken"
DETACHED = 130


def sweep(request: SweepRequest, address: str, *, attach: bool, as_json: bool, out: Console, err: Console) -> int:
    """Submits a sweep to a cluster. Returns the exit status; with `attach`, that of the sweep."""
    if request.notify is not None:
        raise TunerError("--notify: only a sweep on this machine tells how it ended: leave it out, or --address")
    if request.program is None:
        need_models(request)
        request = read_own_code(request, notes_of(err))
        check_request(request)
        data = Source.asked(request)
        pair = f"{data.name}-{several_models.title(request.model)}"
        request = replace(request, space=request.space or _space_here(data, request.model))
    else:
        check_program(request, request.program)
        for word in not_sent(request.program):
            err.print(
                f"{word} is not sent to the cluster: what all its nodes see is named by its absolute path",
                markup=False,
                soft_wrap=True,
            )
        pair = request.known_as or request.program.program.name
    home = make_folder(tuner_home())
    with TemporaryDirectory() as scratch:
        with err.status(f"Asking {address}"):
            head = connect_head(address, RUN, Path(scratch) / "package")
        files = Path(scratch) / "files"
        packed = pack(request, files)
        while True:
            name = request.name or free_name(head.jobs, pair)
            words = command_words("sweep", replace(packed, name=name), as_json=as_json and attach)
            with err.status(f"Submitting {name} to {address}"):
                try:
                    job_id = head.start(words, files=files if files.exists() else None, sweep=request, name=name)
                except TunerError as error:
                    if request.name or "already exists" not in str(error):
                        raise
                    continue  # somebody else was faster
                lines, begun = _until_begun(head.jobs, job_id, name)
            if begun or request.name or not any(TAKEN in line for line in lines):
                break
    for line in lines:
        err.print(line, markup=False, soft_wrap=True)
    if not begun:
        job = head.jobs.job(job_id)
        if not lines:
            raise TunerError(f"{address}: {name} stopped right after its start: {job.message.strip() or job.status}")
        return job.exit_code or 1
    Submitted(name=name, address=address, job=job_id).save(home)
    return _begun(head.jobs, name, job_id, len(lines), attach=attach, as_json=as_json, out=out, err=err)


def grow(
    name: str, asked: GrowRequest, address: str, *, attach: bool, as_json: bool, out: Console, err: Console
) -> int:
    """Goes on with a sweep on a cluster, with more of it if that is asked for. Returns the exit status."""
    if asked.space is not None:
        parse_space(read_file(asked.space), str(asked.space))
    with TemporaryDirectory() as scratch:
        packed = pack_space(asked, Path(scratch))
        files = Path(scratch) if asked.space else None
        words = ["resume", name, *packed.words()]
        return proceed(words, address, attach=attach, as_json=as_json, out=out, err=err, files=files)


def proceed(
    words: Sequence[str],
    address: str,
    *,
    attach: bool,
    as_json: bool,
    out: Console,
    err: Console,
    files: Path | None = None,
) -> int:
    """Runs a command that goes on with a sweep on a cluster: the command, the sweep's name, options.

    `files` are those that the command needs there, see `jobs.upload`. Returns the exit status.
    """
    name = words[1]
    with TemporaryDirectory() as scratch, err.status(f"Asking {address}"):
        head = connect_head(address, RUN, Path(scratch))
        job_id = head.start([*words, *(["--json"] if as_json and attach else [])], files=files, name=name)
        lines, begun = _until_begun(head.jobs, job_id, name)
    code = 0 if begun else exit_code(head.jobs.job(job_id))
    for line in lines:
        (err if begun or code else out).print(line, markup=False, soft_wrap=True)
    if not begun:  # it could not be resumed; or it was finished, and the rest was sent to MLflow
        return code
    Submitted(name=name, address=address, job=job_id).save(make_folder(tuner_home()))
    return _begun(head.jobs, name, job_id, len(lines), attach=attach, as_json=as_json, out=out, err=err)


def verb(words: Sequence[str], address: str, *, out: Console, err: Console) -> int:
    """Runs a command on the head, and prints its output as it comes. Returns its exit status."""
    with TemporaryDirectory() as scratch:
        with err.status(f"Asking {address}"):
            head = connect_head(address, RUN, Path(scratch))
            job_id = head.start(words)

        def show(line: str) -> None:
            (err if line.startswith("error: ") else out).print(line, markup=False, soft_wrap=True)

        return exit_code(head.jobs.follow(job_id, show))


def watch(name: str, address: str, *, out: Console, err: Console) -> int:
    """The live view of a sweep on a cluster, and its status at the end."""
    with TemporaryDirectory() as scratch:
        with err.status(f"Asking {address}"):
            head = connect_head(address, RUN, Path(scratch))
            job_id = head.start(["status", name, "--watch", "--json"])
        view: ProgressView | None = None
        try:
            now: list[Status] = []

            def show(line: str) -> None:
                nonlocal view
                if not line.startswith("{"):
                    err.print(line, markup=False, soft_wrap=True)
                    return
                now[:] = [Status.from_json(json.loads(line))]
                view = view or ProgressView(now[0].config, err)
                view.tick(lambda: now[0].summary)

            job = head.jobs.follow(job_id, show)
        finally:
            if view:
                view.close()
            head.jobs.stop(job_id)
    if exit_code(job) in (0, 1) and now:
        from tuner.cli.sweep_tables import print_status  # noqa: PLC0415

        print_status(now[0], None, out)
    return exit_code(job)


def _begun(
    jobs: Jobs, name: str, job_id: str, seen: int, *, attach: bool, as_json: bool, out: Console, err: Console
) -> int:
    """Returns as soon as a sweep has started, or follows its output from line `seen` on."""
    if not attach:
        if as_json:
            print_json({"sweep": name, "address": jobs.address, "job": job_id}, out)
        err.print(f"{name} runs on {jobs.address}, and keeps running when this terminal is closed:", soft_wrap=True)
        print_hints(name, err)
        return 0
    lines: list[str] = []

    def show(line: str) -> None:
        lines.append(line)
        if not as_json and len(lines) > seen:
            out.print(line, markup=False, soft_wrap=True)

    try:
        job = jobs.follow(job_id, show)
    except KeyboardInterrupt:
        err.print(f"{name} keeps running without this terminal: tuner status {name} --watch", soft_wrap=True)
        return DETACHED
    if as_json:
        print_json(parsed(lines), out)
    return exit_code(job)


def _space_here(data: Source, models: str) -> Path | None:
    """The file of the pair's search space in the folder where one types: it is sent along."""
    names = several_models.models_in(models)
    found = [file for name in names if (file := own_code.space_here(f"{data.name}-{own_code.title(name)}"))]
    if found and len(names) > 1:
        raise TunerError(f"./{found[0]} is for one model: for several on a cluster give one file: --space FILE")
    return next(iter(found), None)


def _until_begun(jobs: Jobs, job_id: str, name: str) -> tuple[list[str], bool]:
    """The output of a sweep up to its announcement, and whether it got that far."""
    lines: list[str] = []
    announced = re.compile(f"{re.escape(name)}: {BEGUN}")

    def show(line: str) -> bool:
        lines.append(line)
        return announced.match(line) is not None

    jobs.follow(job_id, show)
    return lines, bool(lines) and announced.match(lines[-1]) is not None
