"""`tuner sweep ... --slurm OPTIONS`: a sweep as a job of Slurm."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuner.cli.console import print_json
from tuner.cli.hints import print_commands
from tuner.cli.options import CLUSTER
from tuner.core import several_models
from tuner.core.environment import path_to_package
from tuner.core.errors import TunerError
from tuner.core.files import tuner_home
from tuner.core.sweep_name import check_sweep_name
from tuner.core.sweep_request import SweepRequest

if TYPE_CHECKING:
    from tuner.execution.slurm.script import Script

OPTION = "--slurm"
Slurm = Annotated[
    str | None,
    typer.Option(
        OPTION,
        metavar="OPTIONS",
        help="Submit the sweep as a job of Slurm, with these options of sbatch: '--gpus=4 --time=8:00:00'. After its "
        "time limit the job begins again and goes on.",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]


def submit(request: SweepRequest, options: str, *, as_json: bool, out: Console, err: Console) -> int:
    """Writes the job's script and hands it to Slurm. Returns the exit status.

    What can be checked without the data and without the nodes is checked here, the rest when the job begins.
    """
    from tuner.execution.slurm import script as slurm  # noqa: PLC0415

    lines = slurm.read_options(options)
    slurm.check_here()
    script = _write(request, _checked(request, err), lines)
    try:
        job = script.submit()
    except (TunerError, OSError):
        script.path.unlink()
        raise
    name = script.name
    if as_json:
        print_json({"sweep": name, "job": job, "script": str(script.path), "log": str(script.log)}, out)
    err.print(f"{name} is job {job} of Slurm; its script is {script.path}:", markup=False, soft_wrap=True)
    print_commands(
        {
            f"squeue --job {job}": "whether it waits or runs",
            f"tail -F {script.log}": "what it prints",
            f"tuner status {name} --watch": "how far it is, once it runs",
            f"tuner pause {name}": "save it and end the job; to go on: sbatch and the script",
        },
        err,
    )
    return 0


def check_alone(address: str | None, **others: bool) -> None:
    """Raises TunerError for an option that says another place for the sweep, or another way to run it."""
    if address is not None:
        raise TunerError(f"{OPTION} and --address: give one of them, a job of Slurm has a Ray cluster of its own")
    for name in (name for name, given in others.items() if given):
        raise TunerError(f"--{name} is for a sweep on this machine or a Ray cluster: leave it out, or {OPTION}")


def _checked(request: SweepRequest, err: Console) -> str:
    """The first half of the name of the sweep. Raises TunerError for what is wrong in the request."""
    from tuner.cli.printer import notes_of  # noqa: PLC0415
    from tuner.data.source import Source  # noqa: PLC0415
    from tuner.sweeps.own_code import read_own_code  # noqa: PLC0415
    from tuner.sweeps.program_preparation import check_program  # noqa: PLC0415 - imports torch
    from tuner.sweeps.request_check import check_request, need_models  # noqa: PLC0415

    if request.program is not None:
        check_program(request, request.program)
        return request.known_as or request.program.program.name
    need_models(request)
    request = read_own_code(request, notes_of(err))
    check_request(request)
    return f"{Source.asked(request).name}-{several_models.title(request.model)}"


def _write(request: SweepRequest, pair: str, options: Sequence[str]) -> Script:
    """The script, under the name asked for or the first free one. Raises TunerError when that name is taken."""
    from tuner.execution.slurm.script import Script  # noqa: PLC0415

    home = tuner_home()
    typed = [word for word in without_option(sys.argv[1:], OPTION) if word != "--json"]
    if request.name is not None:
        check_sweep_name(request.name)
    for name in [request.name] if request.name else (f"{pair}-{number}" for number in range(1, 10**6)):
        words = typed if request.name else [*typed, "--name", name]
        script = Script(home=home, name=name)
        if not (home / name).exists() and script.write(
            words, options=options, python=sys.executable, folder=Path.cwd(), variables=_variables(home)
        ):
            return script
    raise TunerError(f"--name '{request.name}' is taken: choose another, or go on with it: sbatch {script.path}")


def _variables(home: Path) -> Mapping[str, str]:
    return {"TUNER_HOME": str(home), **path_to_package()}


def without_option(words: Sequence[str], option: str) -> list[str]:
    """The words of a command without an option that has a value.

    >>> without_option(["sweep", "a", "--slurm", "-N 2", "--seed=1"], "--slurm")
    ['sweep', 'a', '--seed=1']
    """
    kept = [word for word in zip(["", *words], words, strict=False) if word[0] != option]
    return [word for _, word in kept if word != option and not word.startswith(f"{option}=")]
