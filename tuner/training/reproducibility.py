"""What decides a trial's results besides its parameters, seed and data. It is stored with each trial."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

from tuner.core.package import digest
from tuner.training.device import precision

_SHORT = {"code": "another version of tuner's code, of the models or of the datasets"}


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Under the same conditions, the same parameters, seed and data give the same numbers to the last digit."""

    code: str
    """The fingerprint of this package, its models and its datasets."""
    python: str
    torch: str
    torchvision: str
    numpy: str
    device: str
    """The GPU, or else the CPU and the instruction set that torch uses on it."""
    precision: str
    """The precision of multiplications: `bfloat16` or `float32`."""
    threads: int
    """The number of CPU cores of the trial."""
    workers: int
    """The number of processes that train the trial together."""

    def to_json(self) -> dict[str, str | int]:
        """The form that is stored in the study and in MLflow."""
        return asdict(self)

    def changes(self, before: Mapping[str, str | int]) -> list[str]:
        """What has changed, such as `torch 2.15.0 (it was 2.14.1)`. What was not recorded before is left out."""
        now = self.to_json()
        changed = [name for name in now if name in before and before[name] != now[name]]
        return [_SHORT.get(name, f"{name} {now[name]} (it was {before[name]})") for name in changed]


def current_conditions(device: torch.device, *, threads: int, workers: int) -> Conditions:
    """The conditions of a trial that trains in this environment."""
    return Conditions(
        code=_code(),
        python=platform.python_version(),
        device=_name(device),
        precision=precision(device),
        threads=threads,
        workers=workers,
        **_packages(),
    )


def seed_torch(seed: int, device: torch.device) -> None:
    """Begins torch's random numbers anew, as `torch.manual_seed`, on the CPU and on the `device`.

    Without a GPU, `torch.manual_seed` notes each call, with its stack, for GPUs that may come: that takes longer.
    """
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


@cache
def _packages() -> dict[str, str]:
    """Their versions. To read them takes 5 ms."""
    return {name: version(name) for name in ("torch", "torchvision", "numpy")}


@cache
def _code() -> str:
    return digest()


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{_cpu()}, {torch.backends.cpu.get_cpu_capability()}"


@cache
def _cpu() -> str:
    """The processor's model name, or its type if the system does not tell the name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
