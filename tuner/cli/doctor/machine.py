"""What `tuner doctor` checks on this machine: versions, GPUs, cores, memory, disks and data sets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Collection, Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tuner.cli.doctor.finding import Finding
from tuner.cli.warm import describe_use
from tuner.core import catalog
from tuner.core.errors import one_line
from tuner.core.files import data_root, tuner_home
from tuner.core.units import format_number
from tuner.execution.ray_folder import ray_disk
from tuner.warm import start

SMI_S = 10  # a broken driver never answers
LEAST_GPU_MIB = 1024
LEAST_MEMORY = 2e9  # bytes: Ray, a driver and one worker
LEAST_DISK = 1e9  # bytes
_SMI = ("nvidia-smi", "--query-gpu=index,name,driver_version,memory.total,memory.free", "--format=csv,noheader,nounits")
_ON_CPUS = "or set CUDA_VISIBLE_DEVICES= to train on CPUs"


def python() -> Iterator[Finding]:
    """Whether tuner supports this version of Python."""
    wanted, here = metadata("tuner")["Requires-Python"], sys.version.split()[0]
    mend = "" if SpecifierSet(wanted).contains(here) else f"install Python {wanted}, and install tuner with it"
    yield Finding(name="Python", text=f"{here}, {sys.executable}", mend=mend)


def ray() -> Iterator[Finding]:
    """Ray's version."""
    yield Finding(name="Ray", text=_versions(["ray"]), mend=_install(["ray"]))


def torch() -> Iterator[Finding]:
    """The versions of torch and torchvision, and whether they fit each other."""
    pair = ("torch", "torchvision")
    text, mend = _versions(pair), _install(pair)
    try:
        import torch  # noqa: PLC0415 - it may be what is broken
        import torchvision  # noqa: F401, PLC0415

        _ = torch.ops.torchvision.nms  # builds for different versions or devices of torch fail here
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        text += f": {one_line(error)[:200]}"
        mend = mend or f"pip install --force-reinstall {' '.join(_quoted(pair))}"
    yield Finding(name="torch", text=text, mend=mend)


def packages() -> Iterator[Finding]:
    """Whether all other packages that tuner needs have a suitable version."""
    others = sorted(set(_requirements()) - {"ray", "torch", "torchvision"})
    yield Finding(name="packages", text=_versions(others), mend=_install(others))


def gpus() -> Iterator[Finding]:
    """The GPUs that torch can use, their driver and their memory."""
    try:
        rows = _nvidia_smi()
    except (OSError, subprocess.SubprocessError) as error:
        reason = " ".join(str(getattr(error, "stdout", "") or error).split())
        yield Finding(name="GPU", text=reason, mend=f"install or restart NVIDIA's driver, {_ON_CPUS}")
        return
    yield _cuda(rows)
    for index, name, _, total, free in rows:
        known = free.isdigit() and total.isdigit()
        text = f"{name}, {free} of {total} MiB memory free" if known else name
        full = known and int(free) < LEAST_GPU_MIB
        mend = "stop the processes that nvidia-smi lists, or choose other GPUs in CUDA_VISIBLE_DEVICES" if full else ""
        yield Finding(name=f"GPU {index}", text=text, mend=mend)


def cpus() -> Iterator[Finding]:
    """The CPU cores and the memory."""
    from tuner.core.machine import cpu_count  # noqa: PLC0415 - imports torch

    total, free = _memory()
    mend = "close other programs, or train with --concurrency 1" if free < LEAST_MEMORY else ""
    memory = f"{format_number(free, 'B')} of {format_number(total, 'B')} memory free"
    yield Finding(name="CPU", text=f"{cpu_count()} cores, {memory}", mend=mend)


def disks() -> Iterator[Finding]:
    """The folders that tuner and Ray write to."""
    for name, folder in (("TUNER_HOME", tuner_home()), ("TUNER_DATA", data_root()), ("RAY_TMPDIR", ray_disk())):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(there).free
        mend = ""
        if not os.access(there, os.W_OK):
            mend = f"you have no permission to write to {there}: set {name} to another folder"
        elif free < LEAST_DISK:
            mend = f"free some space, or set {name} to a folder with more"
        yield Finding(name=name, text=f"{folder}, {format_number(free, 'B')} free", mend=mend)


def datasets() -> Iterator[Finding]:
    """Which data sets are on the disk, without reading them."""
    root = data_root()
    known = {name: getattr(catalog.load("datasets", name), "FOUND_AT", None) for name in catalog.names("datasets")}
    there = [name for name, places in known.items() if places and any(any(root.glob(place)) for place in places)]
    missing = [name for name, places in known.items() if places and name not in there]
    texts = [
        f"included in tuner: {', '.join(name for name, places in known.items() if not places)}",
        f"in {root}: {', '.join(there) or 'none'}",
        *([f"downloaded on first use: {', '.join(missing)}"] if missing else []),
    ]
    lost = os.environ.get("TUNER_DATA") and not root.is_dir()
    mend = f"TUNER_DATA={root} is not a folder: correct it, or mkdir -p {root}" if lost else ""
    yield Finding(name="data sets", text="; ".join(texts), mend=mend)


def warm_starts() -> Iterator[Finding]:
    """Whether the next commands start warm: never something to mend."""
    found = start.all_up()
    for each in found:
        yield Finding(name="warm starts", text=f"up: {describe_use(each)}")
    if not found:
        yield Finding(name="warm starts", text="not up: with tuner up the next commands start at once")


def _requirements() -> dict[str, Requirement]:
    """The packages that tuner itself needs, without its extras."""
    found = [Requirement(line) for line in requires("tuner") or ()]
    return {each.name: each for each in found if not each.marker or each.marker.evaluate({"extra": ""})}


def _versions(names: Collection[str]) -> str:
    texts = []
    for name in names:
        try:
            texts.append(f"{name} {version(name)}" if len(names) > 1 else version(name))
        except PackageNotFoundError:
            texts.append(f"no {name}")
    return ", ".join(texts)


def _install(names: Collection[str]) -> str:
    """The command that installs the packages that are missing or have an unsuitable version; empty if all fit."""
    wanted, wrong = _requirements(), []
    for name in names:
        try:
            fits = wanted[name].specifier.contains(version(name), prereleases=True)
        except PackageNotFoundError:
            fits = False
        if not fits:
            wrong.append(name)
    return f"pip install {' '.join(_quoted(wrong))}" if wrong else ""


def _quoted(names: Collection[str]) -> list[str]:
    return [f"'{_requirements()[name]}'" for name in names]


def _nvidia_smi() -> list[list[str]]:
    """Index, name, driver, total and free MiB of each GPU of the machine; empty if nvidia-smi is not installed."""
    if not shutil.which(_SMI[0]):
        return []
    done = subprocess.run(_SMI, capture_output=True, text=True, timeout=SMI_S, check=True)
    return [[cell.strip() for cell in line.split(",")] for line in done.stdout.splitlines()]


def _cuda(rows: list[list[str]]) -> Finding:
    import torch  # noqa: PLC0415

    with warnings.catch_warnings():  # they repeat what the finding says
        warnings.simplefilter("ignore")
        usable = torch.cuda.is_available()
    driver = f"driver {rows[0][2]}" if rows else "no nvidia-smi"
    if usable:
        return Finding(name="GPU", text=f"{torch.cuda.device_count()} for torch; CUDA {torch.version.cuda}, {driver}")
    if not rows:
        return Finding(name="GPU", text="none: trials run on CPUs")
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return Finding(name="GPU", text=f"{len(rows)}, hidden by CUDA_VISIBLE_DEVICES: trials run on CPUs")
    if torch.version.cuda is None:
        mend = f"pip install --force-reinstall {' '.join(_quoted(('torch', 'torchvision')))}, {_ON_CPUS}"
        return Finding(name="GPU", text=f"{len(rows)}; torch {torch.__version__} is a CPU-only build", mend=mend)
    mend = f"update the driver to one for CUDA {torch.version.cuda}, {_ON_CPUS}"
    return Finding(name="GPU", text=f"{len(rows)}, which torch cannot use: {driver}", mend=mend)


def _memory() -> tuple[float, float]:
    """Total and free memory in bytes, of the machine or of the container that this process is in."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    total, free = (int(lines[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    group = Path("/sys/fs/cgroup")
    limit = group / "memory.max"
    if limit.exists() and (most := limit.read_text(encoding="ascii").strip()) != "max":
        used = int((group / "memory.current").read_text(encoding="ascii"))
        return min(total, int(most)), min(free, int(most) - used)
    return total, free
