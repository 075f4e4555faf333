"""Where the command `tuner` begins: first it makes sure that Python finds the packages that are installed.

Python looks for every name in the folders of PYTHONPATH first, and `python -m` in the current folder even before. A
file queue.py or tuner.py there would be run in place of the installed one. So this file imports nothing but what
Python has loaded already, and is installed under a name of its own beside the package too: as tuner_start.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # that of typing, which is not loaded yet
if TYPE_CHECKING:
    from collections.abc import Callable

COMPILED = (".so", ".pyd")  # with the version of Python in the middle of their names
HARMLESS = ("test", "tests")  # many projects have such a folder, and no library imports it by this name


def _is_ours(package: str) -> bool:
    """Whether a folder is this package, be it in another version: a copy on PYTHONPATH is meant to be used."""
    return os.path.isfile(os.path.join(package, "cli", "app.py"))


_ABOVE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
OWN = os.path.dirname(_ABOVE) if _is_ours(_ABOVE) else _ABOVE  # where the package lies: above it, or beside it


def main() -> None:
    """Runs the command line."""
    if not sys.flags.safe_path and os.path.realpath(sys.path[0]) != OWN:
        del sys.path[0]  # the folder of the script, or the current one
    _pass_over_hiding_folders()
    command = _command()
    from tuner.core.leaving import exit_code, leave  # noqa: PLC0415

    leave(exit_code(command))


def hidden_by(folder: str, others: list[str]) -> str:
    """A file or folder in `folder` that hides a package of Python or of the folders `others`; empty if none does.

    Where packages are installed with their metadata, their names are meant: that hides nothing.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ""
    if os.path.realpath(folder) == OWN or any(name.endswith((".dist-info", ".egg-info")) for name in names):
        return ""
    for name in names:
        module, dot, rest = name.partition(".")
        package = os.path.join(folder, name, "__init__.py")
        is_module = rest == "py" or name.endswith(COMPILED) if dot else os.path.isfile(package)
        known = module in HARMLESS or (module == "tuner" and _is_ours(os.path.join(folder, name)))
        if is_module and not known and _is_installed(module, others):
            return name
    return ""


def _is_installed(module: str, others: list[str]) -> bool:
    if module in sys.stdlib_module_names or module == "tuner":
        return True
    places = [os.path.join(other, module) for other in others]
    return any(os.path.isfile(f"{place}.py") or os.path.isfile(f"{place}/__init__.py") for place in places)


def _pass_over_hiding_folders() -> None:
    """Starts again without the folders of PYTHONPATH that hide packages: Python has imported from them already."""
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.environ.get("PYTHONPATH") else []
    folders = {os.path.abspath(entry) for entry in entries}  # an empty entry means the current folder, as in Python
    others = [folder for folder in sys.path if os.path.abspath(folder) not in folders]
    hiding = {entry: name for entry in entries if (name := hidden_by(os.path.abspath(entry), others))}
    if not hiding:
        return
    for entry, name in hiding.items():
        place, package = os.path.join(os.path.abspath(entry), name), name.partition(".")[0]
        print(f"PYTHONPATH: {place!r} hides the package {package}: this folder is not imported from", file=sys.stderr)
    kept = os.pathsep.join(entry for entry in entries if entry not in hiding)
    environment = {**os.environ, "PYTHONPATH": kept}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _command() -> Callable[[], None]:
    """The function behind the command line. Ends the process with one line when it cannot be imported."""
    try:
        import tuner  # noqa: PLC0415

        if not _is_ours(os.path.dirname(os.path.realpath(tuner.__file__ or ""))):
            sys.exit(_other_package(tuner.__file__ or "a folder"))
        from tuner.warm.client import run_warm  # noqa: PLC0415

        code = run_warm()
        if code is not None:
            os._exit(code)  # the fork has flushed what it has printed, and this process has printed nothing
        from tuner.warm.own import begin_own  # noqa: PLC0415

        begin_own()
        from tuner.cli.app import main as command  # noqa: PLC0415
    except ImportError as error:
        if os.environ.get("TUNER_DEBUG"):
            raise
        print(f"error: {error}: install tuner again, with all that it needs", file=sys.stderr)
        sys.exit(2)
    return command


def _other_package(place: str) -> int:
    print(
        f"error: Python finds another package that is called tuner, {place}: uninstall or rename it, or install this "
        "one in an environment of its own",
        file=sys.stderr,
    )
    return 2
