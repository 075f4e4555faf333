"""A model as it answers soonest: batch norm is part of the convolution before it, and weights lie as kernels want them.

On a CPU, one image through the `cnn` takes a third of the time, and 64 of them about half.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.device import memory_format
from tuner.training.ensemble_model import Ensemble

CLOSE = 1e-4  # how far logits may be from those of the model as it was trained: rounding is below 1e-5
_TRIED = (1, 3)  # samples


def soonest(model: nn.Module, data: DataSpec) -> nn.Module:
    """See `fused`: of an ensemble each member is. An exported file is as it was written."""
    if isinstance(model, Ensemble):
        members = [fused(member, data) for member in model.members if isinstance(member, Classifier)]
        return Ensemble(data, members, model.shares.tolist()).eval()
    return fused(model, data) if isinstance(model, Classifier) else model


def fused(model: Classifier, data: DataSpec) -> Classifier:
    """A copy of a model on the CPU that gives the same logits but for rounding; the model itself where that fails.

    Nothing but the copy is touched: other threads may use other models meanwhile. Tracing by torch.fx would find more
    to fold, but it changes how every module of the process is called as long as it lasts.
    """
    quick = copy.deepcopy(model).eval()
    try:
        for layer in list(quick.modules()):
            if isinstance(layer, nn.Sequential) and type(layer).forward is nn.Sequential.forward:
                _fold(layer)
        quick.network.to(memory_format=memory_format(quick))
        alike = all(_alike(model, quick, made_up(data, samples)) for samples in _TRIED)
    except Exception:  # a user's own network may raise anything
        return model
    return quick if alike else model


def _fold(layers: nn.Sequential) -> None:
    """Makes each batch norm that follows a convolution a part of it."""
    for place in range(len(layers) - 1):
        convolution, norm = layers[place], layers[place + 1]
        if type(convolution) is nn.Conv2d and type(norm) is nn.BatchNorm2d and norm.track_running_stats:
            layers[place] = fuse_conv_bn_eval(convolution, norm)
            layers[place + 1] = nn.Identity()


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
