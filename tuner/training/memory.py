"""The memory of the device that trials train on: released after each trial, and too little of it."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from pathlib import Path

import torch

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container


def memory_of(device: torch.device) -> int:
    """Bytes: of a GPU those that are free, of a CPU all that this process may have."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for each in _LIMITS:
        with suppress(OSError, ValueError):
            found = min(found, int(Path(each).read_text()))
    return found


def free_memory() -> None:
    """Releases the memory that an ended trial still holds on the device, for trials that share it."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on whatever device."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


def leave_out_what_is_there() -> None:
    """Leaves all objects that exist now out of later searches for garbage, which would look at each of them.

    To be called once in a worker, when what it needs is imported and before it trains: in some hundred thousand objects
    a search takes 0.16 CPU seconds.
    """
    gc.collect()
    gc.freeze()
