"""The memory of the device that trials train on: released after each trial, and too little of it."""

from __future__ import annotations

import gc

import torch


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

    To be called once, when what a process needs is imported and before it trains.
    """
    gc.collect()
    gc.freeze()
