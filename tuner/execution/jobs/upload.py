"""The command and the files that are sent to a cluster's head."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuner.core import own_code
from tuner.core.errors import TunerError
from tuner.core.files import digest
from tuner.core.grow_request import GrowRequest
from tuner.core.kept_code import KeptCode
from tuner.core.library_names import is_library_name
from tuner.core.several_models import joined, models_in
from tuner.core.sweep_folder import UPLOADS_FOLDER
from tuner.core.sweep_request import SweepRequest

PREFIX = "upload:"
MOST_BYTES = 100 << 20  # Ray keeps uploads in the memory of the head


def pack(request: SweepRequest, folder: Path) -> SweepRequest:
    """Copies the files of a request into `folder`. Returns the request with their paths there, for `unpack`.

    Raises:
        TunerError: they are too large to upload.
    """
    request = _pack_code(request, folder) if request.program is None else _pack_program(request, folder)
    form, colon, path = request.dataset.partition(":")
    if colon and form != PREFIX[:-1] and not is_library_name("datasets", request.dataset):
        source = Path(path).expanduser()
        origin = digest(source.resolve())[:8]  # the same data is known by it, whatever its content has become
        mend = "put it where all nodes see it, and start the sweep there"
        _add(source, folder, request.dataset, mend, within=origin)
        request = replace(request, dataset=f"{form}:{PREFIX}{origin}/{Path(path).name}")
        request = _pack_test(request, folder, mend)
    names: dict[str, Any] = {}
    for option, within in (("space", ""), ("weights", ""), ("enqueue", "points/")):
        file = getattr(request, option)
        if file:
            mend = "put it into TUNER_DATA/weights of the cluster's head"
            _add(file, folder, f"--{option} {file}", mend, within=within)
            names[option] = Path(f"{PREFIX}{within}{file.name}")
    return replace(request, **names)


def _pack_test(request: SweepRequest, folder: Path, mend: str) -> SweepRequest:
    """The same with the test split that a user gives for their own data."""
    if request.options.test is None:
        return request
    form = request.dataset.partition(":")[0]
    source = Path(request.options.test.removeprefix(f"{form}:")).expanduser()
    origin = digest(source.resolve())[:8]
    _add(source, folder, f"--test {source}", mend, within=f"test/{origin}")
    sent = f"{PREFIX}test/{origin}/{source.name}"
    return replace(request, options=replace(request.options, test=sent))


def _pack_code(request: SweepRequest, folder: Path) -> SweepRequest:
    """The same with the user's own code, as it was read: what it imports from beside it, and nothing else there."""
    models = [(f"model-{place}" if place else "model", name) for place, name in enumerate(models_in(request.model))]
    names = {"dataset": request.dataset, **dict(models)}
    own = {key: name for key, name in names.items() if own_code.is_own(name)}
    own_code.keep_in(folder / UPLOADS_FOLDER, **own)
    sent = names | {key: f"{PREFIX}{own_code.CODE_FOLDER}/{key}" for key in own}
    return replace(request, dataset=sent["dataset"], model=joined(sent[key] for key, _ in models))


def _pack_program(request: SweepRequest, folder: Path) -> SweepRequest:
    """The same with the files of a user's own training code, which are given in place of DATASET and MODEL."""
    asked = request.program
    if asked is None or not isinstance(asked.code, KeptCode):  # a program that is there
        return request
    asked.code.save(folder / UPLOADS_FOLDER / own_code.CODE_FOLDER / "train")
    return replace(request, dataset=f"{PREFIX}{own_code.CODE_FOLDER}/train")


def pack_space(asked: GrowRequest, folder: Path) -> GrowRequest:
    """Copies the search space of a request for more of a sweep, if it has one. See `pack`."""
    if asked.space is None:
        return asked
    _add(asked.space, folder, f"--space {asked.space}", "write less into it")
    return replace(asked, space=Path(f"{PREFIX}{asked.space.name}"))


def unpack(arguments: list[str], home: Path) -> list[str]:
    """The arguments of a command, with its uploaded files moved to where they stay. Runs in the job's folder."""
    uploads = Path(UPLOADS_FOLDER)
    if not uploads.is_dir():
        return arguments
    kept = home / UPLOADS_FOLDER / _content(uploads)
    if not kept.exists():
        shutil.copytree(uploads, kept)
    return [argument.replace(PREFIX, f"{kept}/") for argument in arguments]


def _add(source: Path, folder: Path, what: str, mend: str, within: str = "") -> None:
    if not source.exists():
        raise TunerError(f"{what}: there is nothing at {source.absolute()}")
    for path in source.rglob("*"):
        if path.is_symlink():  # it may lead to anything on this machine
            raise TunerError(f"{what}: {path} is a link, which is not uploaded: replace it with what it links to")
    size = sum(file.stat().st_size for file in ([source] if source.is_file() else source.rglob("*")) if file.is_file())
    if size > MOST_BYTES:
        raise TunerError(
            f"{what}: {size / 1e6:.0f} MB are too much for an upload (at most {MOST_BYTES / 1e6:.0f} MB): {mend}"
        )
    target = folder / UPLOADS_FOLDER / within / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _content(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content.update(f"{path.relative_to(folder)}\n".encode(errors="surrogateescape"))
        if path.is_file():
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()[:16]


OPTIONS = (
    *("trials", "seed", "max_epochs", "concurrency", "cpus_per_trial", "gpus_per_trial", "workers_per_node"),
    *("name", "limit", "space", "target", "task", "storage", "max_failures", "max_failure_rate", "oom", "weights"),
    *("warm_start", "enqueue", "sampler", "scheduler", "fidelity", "objective", "constraint", "ensemble"),
)


def command_words(command: str, request: SweepRequest, *, as_json: bool) -> list[str]:
    """The arguments after `tuner`."""
    words = [command, *filter(None, (request.dataset, request.model))]
    if request.program is not None and request.program.program.command:
        words += ["--script", request.program.program.command]
    for option in OPTIONS:
        value = getattr(request, option)
        if value is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    for option in ("time_budget", "trial_timeout"):
        seconds = getattr(request, option)
        if seconds is not None:
            words += [f"--{option.replace('_', '-')}", f"{seconds}s"]
    words += request.budgets.words()
    if request.confirm is not None:
        words += request.confirm.words("--confirm")
    if request.refit:
        words.append("--refit")
    if request.without_default:
        words.append("--without-default")
    if request.known_as is not None:
        words += ["--as", request.known_as]
    words += request.options.words()
    for override in request.overrides:
        words += ["--set", override]
    for relation in request.constrain:
        words += ["--constrain", relation]
    return [*words, "--json"] if as_json else words
