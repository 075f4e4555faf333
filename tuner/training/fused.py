"""A model as it answers soonest: batch norm is part of the convolution before it, and weights lie as kernels want them.

On a CPU, one image through the `cnn` takes a fifth of the time, and small batches three quarters of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tuner.data.batches import evaluation_size
from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.device import memory_format, to_memory_format
from tuner.training.ensemble_model import Ensemble

CLOSE = 1e-4  # how far logits may be from those of the model as it was trained: rounding is below 1e-5
_TRIED = (1, 3)  # samples
_IDLE = (nn.Identity, nn.Dropout, nn.Dropout2d)  # layers that give what they get, in evaluation mode


def soonest(model: nn.Module, data: DataSpec) -> Callable[[Tensor], Tensor]:
    """The function that gives what `predict_logits` gives for a model on the CPU, but for rounding."""
    quick = quickened(model, data).eval()
    layout = memory_format(quick)

    @torch.inference_mode()
    def logits(inputs: Tensor) -> Tensor:
        if len(inputs) > (1 if data.task == "text" else evaluation_size(inputs)):
            return predict_logits(quick, inputs)  # in several batches, or sorted by their lengths
        found: Tensor = quick(to_memory_format(inputs, layout))
        return found

    return logits


def quickened(model: nn.Module, data: DataSpec) -> nn.Module:
    """See `fused`: of an ensemble each member is. An exported file is as it was written."""
    if isinstance(model, Ensemble):
        members = [fused(member, data) for member in model.members if isinstance(member, Classifier)]
        return Ensemble(data, members, model.shares.tolist())
    return fused(model, data) if isinstance(model, Classifier) else model


def fused(model: Classifier, data: DataSpec) -> Classifier:
    """A copy of a model on the CPU that gives the same logits but for rounding; the model itself where that fails.

    Nothing but the copy is touched: other threads may use other models meanwhile. Tracing by torch.fx would find more
    to fold, but it changes how every module of the process is called as long as it lasts.
    """
    return _folded(model, data, shorter=True) or _folded(model, data, shorter=False) or model


def _folded(model: Classifier, data: DataSpec, *, shorter: bool) -> Classifier | None:
    """The copy. A `shorter` one is without the layers that do nothing: a network may count on their places."""
    quick = copy.deepcopy(model).eval()
    try:
        for layer in list(quick.modules()):
            if isinstance(layer, nn.Sequential) and type(layer).forward is nn.Sequential.forward:
                _fold(layer)
                if shorter:
                    _shorten(layer)
        quick.network.to(memory_format=memory_format(quick))
        alike = all(_alike(model, quick, made_up(data, samples)) for samples in _TRIED)
    except Exception:  # a user's own network may raise anything
        return None
    return quick if alike else None


def _fold(layers: nn.Sequential) -> None:
    """Makes each batch norm that follows a convolution a part of it."""
    for place in range(len(layers) - 1):
        convolution, norm = layers[place], layers[place + 1]
        if type(convolution) is nn.Conv2d and type(norm) is nn.BatchNorm2d and norm.track_running_stats:
            layers[place] = fuse_conv_bn_eval(convolution, norm)
            layers[place + 1] = nn.Identity()


def _shorten(layers: nn.Sequential) -> None:
    kept = [layer for layer in layers if type(layer) not in _IDLE]
    if len(kept) < len(layers):
        del layers[:]
        layers.extend(kept)


def made_up(data: DataSpec, samples: int) -> Tensor:
    """(samples, *data.shape) raw samples of the right kind and range, always the same ones."""
    generator = torch.Generator().manual_seed(0)
    shape = (samples, *data.shape)
    if data.task == "image":
        return torch.randint(0, data.white + 1, shape, generator=generator, dtype=torch.uint8)
    if data.task == "text":
        return torch.randint(1, len(data.vocabulary) + 2, shape, generator=generator)
    return torch.tensor(data.mean) + torch.tensor(data.std) * torch.randn(shape, generator=generator)


def _alike(one: Classifier, other: Classifier, inputs: Tensor) -> bool:
    return torch.allclose(predict_logits(one, inputs), predict_logits(other, inputs), rtol=CLOSE, atol=CLOSE)
