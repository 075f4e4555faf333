"""Where a model is trained, and in which precision and memory layout."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def best_device() -> torch.device:
    """The GPU that this process was given, or else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> torch.autocast:
    """bf16 where the hardware supports it (GPUs since Ampere; CPUs with AVX512-BF16 or AMX), else full precision."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=_has_bf16(device))


def precision(device: torch.device) -> str:
    """The precision of `autocast`: bfloat16 or float32."""
    return "bfloat16" if _has_bf16(device) else "float32"


def processor(device: torch.device) -> str:
    """What computes there, and with which version of torch: two that differ may round differently."""
    cuda = device.type == "cuda"
    kind = torch.cuda.get_device_name(device) if cuda else torch.backends.cpu.get_cpu_capability()
    return f"{device.type} {kind}, torch {torch.__version__}"


def memory_format(model: nn.Module) -> torch.memory_format:
    """channels_last for a model with 2d convolutions, whose kernels are faster with it on CPUs and GPUs alike."""
    convolutional = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return torch.channels_last if convolutional else torch.contiguous_format


def to_memory_format(inputs: Tensor, layout: torch.memory_format) -> Tensor:
    """The batch in the model's memory layout; only batches of images are changed."""
    return inputs.contiguous(memory_format=layout) if inputs.ndim == 4 else inputs


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    # without these instructions bf16 is emulated, and slower than full precision
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, check, bool)()) for check in checks)
