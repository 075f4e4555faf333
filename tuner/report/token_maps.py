"""Grad-CAM for transformers, whose layers give tokens: one for each patch of the image, some for the whole of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tuner.training.classifier import Classifier

MOST_OTHERS = 8  # tokens that stand for no patch: class tokens and registers


def is_transformer(model: nn.Module, image: Tensor) -> bool:
    """Whether its last maps are of tokens, and not of convolutions."""
    order: list[nn.Module] = []
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.LayerNorm)]
    hooks = [layer.register_forward_hook(lambda layer, _, __: order.append(layer)) for layer in layers]
    with torch.inference_mode():
        model(image[None])
    for hook in hooks:
        hook.remove()
    last = max((place for place, layer in enumerate(order) if isinstance(layer, nn.Conv2d)), default=-1)
    return len(order) - last > 3  # at least a block of tokens after the last convolution; ConvNeXt has one norm there


def token_cam(model: Classifier, image: Tensor, target: int, least: int) -> Tensor | None:
    """(1, 1, rows, columns) from 0 on: how much each patch of a (channels, height, width) image speaks for a class.

    None for a network without tokens of patches.

    The map is that of the last layer normalisation whose tokens of patches still reach the class: a class token alone
    leaves the last block of a vision transformer, which gets the patches from the normalisation before its attention.

    Args:
        model: on the CPU, in evaluation mode.
        image: one image.
        target: the index of the class.
        least: patches that a side of the map has at least.
    """
    outputs: list[Tensor] = []
    norms = [layer for layer in model.modules() if isinstance(layer, nn.LayerNorm)]
    hooks = [layer.register_forward_hook(lambda _, __, output: outputs.append(output)) for layer in norms]
    try:
        score = model(image[None].float().requires_grad_())[0, target]
    finally:
        for hook in hooks:
            hook.remove()
    if not outputs:
        return None
    gradients = torch.autograd.grad(score, outputs, allow_unused=True)
    known = [
        (tokens.detach(), gradient) for tokens, gradient in zip(outputs, gradients, strict=True) if gradient is not None
    ]
    grids = [grid for pair in reversed(known) if (grid := _grids(*pair)) and min(grid[0].shape[:2]) >= least]
    if not grids:
        return None
    values, slopes = next((grid for grid in grids if grid[1].any()), grids[0])
    weights = slopes.mean((0, 1))  # equation 1 of Selvaraju et al. 2017
    return (values * weights).sum(2).clamp_min(0)[None, None]


def _grids(tokens: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor] | None:
    """Both as (rows, columns, features), without tokens that stand for no patch; None where there is no grid."""
    if len(tokens) != 1 or tokens.ndim not in (3, 4):
        return None
    if tokens.ndim == 4:  # (1, rows, columns, features)
        return tokens[0], gradient[0]
    count = tokens.shape[1]
    side = math.isqrt(count)
    others = count - side * side
    if others > MOST_OTHERS:
        return None
    first, second = (each[0, others:].reshape(side, side, -1) for each in (tokens, gradient))
    return first, second
