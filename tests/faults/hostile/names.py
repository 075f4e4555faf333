"""Names with path traversal, words no shell would type, and environment variables with nonsense."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from unittest.mock import patch

from hypothesis import strategies as st

from faults.hostile.ends import End, Kind, refused
from tuner.cli.status import show_status
from tuner.core import catalog
from tuner.core.environment import prepare_environment
from tuner.core.files import data_root, make_folder, tuner_home
from tuner.core.sweep_folder import known_sweep
from tuner.core.sweep_name import check_sweep_name
from tuner.core.units import parse_seconds
from tuner.data.source import Source
from tuner.execution.jobs.address import cluster_address, place
from tuner.sweeps.model_lookup import find_model
from tuner.tracking.store import Store

PATHS = [
    "..",
    ".",
    "",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "runs/../x",
    "~nobody_at_all/x",
    "~",
    "x" * 300,
    "a/" * 3000,
]
ODD = [
    "\x1b[2J",
    "a\nb",
    "\udcff",
    "\u202e",
    "CON",
    "-rf",
    "--help",
    "models:/",
    "models:/../x",
    "models:/a@",
    "%00",
    "a\\b",
]
NAMES = st.one_of(
    st.sampled_from(PATHS + ODD + ["digits", "digits-cnn", "artifacts", "mlflow.db", "submitted"]),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12),
    st.lists(st.sampled_from(["..", "a", "", ".", "runs", "~"]), max_size=5).map("/".join),
)


def _status(name: str) -> None:
    from rich.console import Console

    show_status(name, watch=False, as_json=True, out=Console(quiet=True), err=Console(quiet=True))


USES: dict[str, Callable[[str, Path], object]] = {
    "--name": lambda name, _: check_sweep_name(name),
    "DATASET": lambda name, _: Source.parse(name, None),
    "csv:": lambda name, _: Source.parse(f"csv:{name}", None),
    "folder:": lambda name, _: Source.parse(f"folder:{name}", None),
    "MODEL": lambda name, _: catalog.check("models", name),
    "predict": lambda name, folder: find_model(name, folder / "runs", folder / "scratch"),
    "resume": lambda name, folder: known_sweep(name, folder / "runs"),
    "status": lambda name, _: _status(name),
    "place": lambda name, folder: place(name, None, folder / "runs"),
    "duration": lambda name, _: parse_seconds(name, "--time-budget"),
}
REFUSED_ALWAYS = ("predict", "resume", "status", "MODEL")  # for there are no sweeps, and no models of such names


def attempt_name(case: tuple[str, str], folder: Path) -> End:
    """A name in one of its uses. It leads nowhere outside, and makes nothing."""
    use, name = case
    runs = folder / "runs"
    runs.mkdir()
    with patch.dict(os.environ, {"TUNER_HOME": str(runs)}):
        gone = refused(lambda: USES[use](name, folder))
    assert gone or use not in REFUSED_ALWAYS, case
    assert gone or use != "--name" or (runs / name).parent == runs
    assert not list(runs.iterdir())
    return End.REFUSED if gone else End.ACCEPTED


def _store(home: Path) -> None:
    prepare_environment()
    store = Store.of(home)
    assert store.address
    if store.local:  # a server that is not there is asked for in test_store
        store.check()


VARIABLES: dict[str, Callable[[Path], object]] = {
    "TUNER_HOME": lambda _: make_folder(tuner_home()),
    "TUNER_DATA": lambda _: catalog.load("datasets", "cifar10").load(data_root()),
    "TUNER_ADDRESS": lambda _: cluster_address(None),
    "RAY_ADDRESS": lambda _: cluster_address(None),
    "MLFLOW_TRACKING_URI": _store,
}
ADDRESSES = [
    "http://[::1",
    "http://u:SECRET@[",
    "http://u:SECRET@\u2100/",
    "ftp://h",
    "http://",
    "://",
    "h:1",
    "sqlite://",
]
VALUES = [*PATHS, *ODD, *ADDRESSES, "/dev/null", "/dev/null/x", "/proc", "a?b", "a#b"]
SETTINGS = st.tuples(
    st.sampled_from(sorted(VARIABLES)),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12),
)


def attempt_variable(case: tuple[str, str], folder: Path) -> End:
    """An environment variable, where it is read."""
    name, value = case
    before = Path.cwd()
    os.chdir(folder)
    try:
        with patch.dict(os.environ, {name: value, "no_proxy": "*"}):
            return End.REFUSED if refused(lambda: VARIABLES[name](folder)) else End.ACCEPTED
    finally:
        os.chdir(before)


KINDS = [
    Kind(
        "names and references",
        st.tuples(st.sampled_from(sorted(USES)), NAMES),
        attempt_name,
        100,
        always=tuple(product(USES, PATHS + ODD)),
    ),
    Kind("environment variables", SETTINGS, attempt_variable, 60, always=tuple(product(VARIABLES, VALUES))),
]
