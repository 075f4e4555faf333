"""For which commands a zygote stands in: those that would have imported the same in the same surroundings.

The fingerprint is the name of its socket. A command with another one finds no socket, and starts cold. It imports
nothing heavy, since each command computes it: about 5 ms.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec

PREFIXES = (
    *("ARROW_", "ATEN_", "BLIS_", "CUDA_", "GIT_", "GLIBC_", "GOMP_", "GRPC_", "JEMALLOC", "KMP_", "LC_", "LD_"),
    *("MALLOC_", "MKL_", "MLFLOW_", "MPL", "NCCL_", "NPY_", "NUMEXPR_", "NVIDIA_", "OMP_", "OPENBLAS_", "OPTUNA_"),
    *("OTEL_", "PYTHON", "PYTORCH_", "RAY_", "ROCR_", "HIP_", "SCIPY_", "SLURM_", "SQLALCHEMY_", "TORCH"),
    *("TUNE_", "TYPER_", "_TYPER_", "VECLIB_", "XDG_"),
)
"""Of environment variables that are read when a library is imported, or that say where a process belongs."""
NAMES = ("FORCE_COLOR", "GITHUB_ACTIONS", "HOME", "LANG", "LANGUAGE", "NO_COLOR", "PY_COLORS", "TERMINAL_WIDTH")
LATE = ("RAY_TMPDIR",)
"""One that is read when it is used, as those of tuner are: a fork has the caller's."""

_FLAGS = (
    *("bytes_warning", "debug", "dev_mode", "dont_write_bytecode", "ignore_environment", "int_max_str_digits"),
    *("isolated", "no_site", "no_user_site", "optimize", "utf8_mode", "warn_default_encoding"),
)
_STATUS = ("Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Cap", "Cpus_allowed_list", "Mems_allowed_list")
_GROUP = ("memory.max", "memory.high", "memory.swap.max", "cpu.max", "pids.max", "cpuset.cpus.effective")
_SPACES = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def fingerprint() -> str:
    """A name for all that a fork would take over from its zygote and not from its caller; 32 hexadecimal digits."""
    return _digest(_python(), contents(), _environment(), _rights())


def contents() -> str:
    """A name for the files that may be imported."""
    return _digest(_packages(), list(_files()))


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode(errors="surrogateescape")).hexdigest()[:32]


def _python() -> tuple[object, ...]:
    flags = [getattr(sys.flags, each) for each in _FLAGS]
    return sys.version, sys.executable, sys.prefix, flags, sys.warnoptions, sorted(sys._xoptions.items()), sys.path


def _packages() -> list[object]:
    """The folders of installed packages: installing, upgrading or removing one changes its folder."""
    places = [each for each in sys.path if os.path.basename(each) in ("site-packages", "dist-packages")]
    return [_stamp(each) for each in places]


def _files() -> Iterator[object]:
    """Each file of this package, its models, datasets and search spaces, wherever they are installed."""
    for package in ("tuner", "tuner.models", "tuner.datasets", "tuner.search_spaces"):
        found = find_spec(package)
        for place in (found.submodule_search_locations or ()) if found else ():
            yield from _files_in(place)


def _files_in(folder: str) -> Iterator[object]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.is_dir(follow_symlinks=False) and entry.name != "__pycache__":
                yield from _files_in(entry.path)
            elif not entry.is_dir():
                yield entry.path, _stamp(entry.path)


def _stamp(path: str) -> object:
    """What changes with a file's content: its change time cannot be set."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _environment() -> list[tuple[str, str]]:
    items = sorted(os.environ.items())
    return [(name, value) for name, value in items if name not in LATE and (name in NAMES or name.startswith(PREFIXES))]


def _rights() -> tuple[object, ...]:
    """User, groups, capabilities, limits, namespaces, priority and control group."""
    status = [line for line in _read("/proc/self/status").splitlines() if line.startswith(_STATUS)]
    spaces = [os.readlink(f"/proc/self/ns/{each}") for each in _SPACES if os.path.exists(f"/proc/self/ns/{each}")]
    order = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), _read("/proc/self/oom_score_adj")
    root = os.stat("/")
    return status, _read("/proc/self/limits"), spaces, order, (root.st_dev, root.st_ino), list(_group_limits())


def _group_limits() -> Iterator[tuple[str, str]]:
    """The limits of the control group and of those above it. Where they cannot be read, the group itself counts."""
    groups = _read("/proc/self/cgroup")
    if not groups.startswith("0::/"):
        yield "groups", groups
        return
    path = groups[len("0::/") :].strip()
    while True:
        for name in _GROUP:
            yield name, _read(os.path.join("/sys/fs/cgroup", path, name))
        if not path:
            return
        path = os.path.dirname(path)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
