"""What is checked and planned before a sweep of a user's own code runs: see `preparation.begin`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tuner.core.budgets import check_gpus_for
from tuner.core.callback import Callbacks
from tuner.core.claim import claim_folder
from tuner.core.config import SweepConfig
from tuner.core.errors import TunerError
from tuner.core.files import make_folder, slug, tuner_home
from tuner.core.program import DEFAULT_EPOCHS, SCRIPT, Program, check_command
from tuner.core.program_request import ProgramRequest
from tuner.core.python_space import SOURCE
from tuner.core.search_options import FIDELITIES
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.search.overrides import override
from tuner.search.relations import OPTION
from tuner.search.schedulers import scheduler_called
from tuner.search.space_file import parse_space, read_file
from tuner.search.space_relations import check_options, check_possible, with_relations
from tuner.sweeps.auto_sampler import with_sampler
from tuner.sweeps.new_names import check_store_writable, free_name
from tuner.sweeps.notify import keep_notification
from tuner.sweeps.outline import count_trials, fewer_note, request_resources
from tuner.sweeps.pair import check_sweep_is_no_pair
from tuner.sweeps.plan import searching
from tuner.sweeps.program_inputs import ProgramInputs
from tuner.sweeps.start_points import with_start_points
from tuner.tracking.store import Store
from tuner.training.function_trial import function_in

_NOT_HERE = {
    "limit": "the data is that of your code",
    "target": "the data is that of your code",
    "task": "the data is that of your code",
    "weights": "the weights are those of your code",
    "confirm": "a confirmation compares tested models",
    "refit": "the splits are those of your code",
}


def begin_program(
    request: SweepRequest, asked: ProgramRequest, *, events: Callbacks, home: Path | None = None
) -> tuple[SweepConfig, SweepFolder, ProgramInputs]:
    """Plans the sweep and makes its folder, without running it. Raises TunerError when something is wrong."""
    home = make_folder(home or tuner_home())
    config, program, store = plan_program(request, asked, home, events)
    check_store_writable(store, config, events)
    inputs = ProgramInputs(program, asked.code)
    config = replace(config, tracking=store.place)

    def also(place: Path) -> None:
        inputs.save(place)
        keep_notification(place, request.notify)

    config, folder = claim_folder(config, home, fixed=request.name is not None, also=also)
    return config, SweepFolder(folder), inputs


def plan_program(
    request: SweepRequest, asked: ProgramRequest, home: Path, events: Callbacks
) -> tuple[SweepConfig, Program, Store]:
    """What the sweep would be, and the store that it would be tracked by; nothing is written."""
    check_program(request, asked)
    program = replace(asked.program, name=slug(request.known_as)) if request.known_as else asked.program
    store = Store.of(home)
    store.check()
    if asked.code is not None and program.kind != SCRIPT:
        with events.phase(f"Importing {program.shown}"):
            function_in(asked.code)
    request = replace(request, model=program.name)
    name = free_name(request.name, program.name, home)
    config = _plan(request, program, name, home, events)
    _tell_anew(program, config, events)
    if request.name is not None:
        check_sweep_is_no_pair(name, config, home)
    return config, program, store


def _plan(request: SweepRequest, program: Program, name: str, home: Path, events: Callbacks) -> SweepConfig:
    raw, source = _requested_space(request)
    space = parse_space(raw, source, narrowed=True)
    if program.kind == SCRIPT:
        unused = check_command(program.command, {each.name: None for each in space.parameters})
        if unused:
            told = f"the command does not name {', '.join(unused)}: the program finds all parameters in TUNER_PARAMS"
            events.on_note(told, warning=False)
    check_possible(space, source)
    request, auto = with_sampler(request, space)
    trials = count_trials(request, space, chosen=bool(auto))
    if note := fewer_note(request, trials):
        events.on_note(note, warning=False)
    split = request_resources(request, trials)
    check_gpus_for(request.budgets, split.gpus_per_trial)
    raw = with_start_points(raw, space, request, trials, home, events)
    return SweepConfig(
        name=name,
        dataset="",
        model=program.name,
        limit=None,
        program=program.to_json(),
        auto=auto,
        **searching(request, space, raw, trials, split),
    )


def _requested_space(request: SweepRequest) -> tuple[dict[str, Any], str]:
    """The parsed search space with the overrides of the command line, and its name for messages."""
    raw: dict[str, Any] = {"params": {}}
    source = "--set"
    if request.given_space is not None:
        raw, source = dict(request.given_space), SOURCE
    elif request.space is not None:
        raw, source = read_file(request.space), str(request.space)
    elif not request.overrides:
        raise TunerError("your own code needs a search space: --space FILE, or --set NAME=LOW..HIGH for each parameter")
    raw = {"epochs": request.max_epochs or DEFAULT_EPOCHS, **raw}
    if source != "--set":
        parse_space(raw, source)  # its own errors first, then those of the overrides
    if request.overrides:
        raw, source = override(raw, request.overrides), source if source == "--set" else f"{source} with --set"
    if request.constrain:
        check_options(request.constrain, parse_space(raw, source, narrowed=True))
        source = f"{source} with {OPTION}"
    return with_relations(raw, request.constrain), source


def check_program(request: SweepRequest, asked: ProgramRequest) -> None:
    """Checks what can be checked anywhere. Raises TunerError for what has no meaning, and for a space that is wrong."""
    request.check()
    space = parse_space(*_requested_space(request), narrowed=True)
    if asked.program.kind == SCRIPT:
        check_command(asked.program.command, [each.name for each in space.parameters])
    for name, why in _NOT_HERE.items():
        if getattr(request, name):
            option = request.confirm.option if request.confirm and name == "confirm" else f"--{name}"
            raise TunerError(f"{option} is not for your own training code: {why}")
    if request.oom != "fail":
        raise TunerError(f"--oom {request.oom} is not for your own training code: its batches are its own")
    if request.fidelity != FIDELITIES[0]:
        raise TunerError("--fidelity seconds compares several models of the catalog: your own training code has none")
    if request.scheduler == "pbt":
        raise TunerError("--scheduler pbt is not for your own training code: trials would load states of each other")


def _tell_anew(program: Program, config: SweepConfig, events: Callbacks) -> None:
    """That trials which wait begin anew, where that is so. docs/own_training.md has a measurement of what it costs."""
    scheduler = scheduler_called(config.scheduler, epochs=config.epochs, workers=1)
    if program.saves or not (scheduler.waits and scheduler.rungs()):
        return
    if program.kind == SCRIPT:
        text = 'a trial that waits and is promoted begins anew, unless its program says "saved": true'
    else:
        text = f"a trial that waits and is promoted begins anew, since {program.shown} does not call trial.save"
    events.on_note(text, warning=False)
