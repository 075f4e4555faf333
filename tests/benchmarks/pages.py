"""The parts of a page that measurements write, and the machine that they ran on."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

from tuner.core.files import write_atomic


def parts(page: Path, name: str) -> tuple[str, str]:
    """The text before and after the part `name`, both with its marks. Exits with a message when a mark is missing."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        sys.exit(f"{page}: the table goes between {start} and {end}, which are not there")
    return f"{before}{start}\n", f"{end}{after}"


def write(path: Path, text: str) -> None:
    """Replaces the file."""
    write_atomic(path, lambda file: file.write(text.encode()))


def hardware() -> str:
    """This machine: CPU, cores, GPUs."""
    import torch

    from tuner.core.machine import cpu_count, gpu_count

    cpuinfo = Path("/proc/cpuinfo")
    models = re.findall(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else []
    cpu = models[0] if models else platform.processor() or platform.machine()
    gpus = [torch.cuda.get_device_name(index) for index in range(gpu_count())]
    return ", ".join([cpu, f"{cpu_count()} cores", *(gpus or ["no GPU"])])
