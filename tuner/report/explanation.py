"""Which parts of an image speak for the predicted class: Grad-CAM (Selvaraju et al. 2017), computed by captum."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import torch
from captum.attr import LayerAttribution, LayerGradCam
from PIL import Image
from torch import Tensor, nn

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.report.figures import figure_text, new_figure, save
from tuner.report.token_maps import is_transformer, token_cam
from tuner.training.classifier import Classifier
from tuner.training.prediction import Prediction
from tuner.training.sample_files import STDIN

LONGEST_STEM = 200  # bytes of a file's name that are kept in the name of its picture
SOURCE = "Source"  # where a PNG keeps its origin
SMALLEST_MAP = 4  # pixels per side: a coarser map does not show where


def explain(
    model: Classifier, data: DataSpec, images: Tensor, predictions: Sequence[Prediction], folder: Path
) -> list[Path]:
    """Writes a picture for each image: the image as the model sees it, without and with the Grad-CAM map.

    Args:
        model: on the CPU.
        data: what it was trained on.
        images: (samples, *data.shape).
        predictions: of these images.
        folder: where the pictures go. FILE becomes FILE-explained.png, with a number if another file's picture has
            that name; a picture of the same file is replaced.

    Raises:
        TunerError: the model has neither a convolution nor tokens of patches, which Grad-CAM needs.
    """
    paths = []
    heats = heat_maps(model, images, [data.classes.index(prediction.best[0]) for prediction in predictions])
    for image, heat, prediction in zip(images, heats, predictions, strict=True):
        path = _free_path(folder, prediction.sample)
        _draw(data, image, heat, prediction, path)
        paths.append(path)
    return paths


def heat_maps(model: Classifier, images: Tensor, targets: Sequence[int]) -> Iterator[Tensor]:
    """The map of `grad_cam` for each of (samples, channels, height, width) images, and the class that is explained.

    Raises:
        TunerError: the model has neither a convolution nor tokens of patches.
    """
    layer = None if is_transformer(model, images[0]) else _layer_to_explain(model, images[:1])
    for image, target in zip(images, targets, strict=True):
        yield grad_cam(model, layer, image, target)


def grad_cam(model: Classifier, layer: nn.Module | None, image: Tensor, target: int) -> Tensor:
    """(height, width) from 0 to 1: how much each part of a (channels, height, width) image speaks for a class.

    `layer` is a convolution, or None for the tokens of a transformer.
    """
    if layer is None:
        found = token_cam(model, image, target, SMALLEST_MAP)
        if found is None:
            raise TunerError("--explain: this transformer has no tokens of patches, and Grad-CAM needs them")
        heat = found
    else:
        cam = LayerGradCam(model, layer)
        heat = cam.attribute(image[None].float().requires_grad_(), target=target, relu_attributions=True)
    heat = LayerAttribution.interpolate(heat, tuple(image.shape[1:]), interpolate_mode="bilinear")[0, 0].detach()
    shares: Tensor = heat / heat.max().clamp_min(1e-12)
    return shares


def _layer_to_explain(model: Classifier, images: Tensor) -> nn.Module:
    """The last convolution with a map that is fine enough, or else the last one with the finest map."""
    sides: dict[nn.Module, int] = {}

    def note(module: nn.Module, _: object, output: Tensor) -> None:
        sides[module] = min(output.shape[-2:])

    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, nn.Conv2d)]
    with torch.inference_mode():
        model(images)
    for hook in hooks:
        hook.remove()
    if not sides:
        raise TunerError("--explain: this model has no convolution, and Grad-CAM needs one")
    wanted = min(SMALLEST_MAP, max(sides.values()))
    return [module for module, side in sides.items() if side >= wanted][-1]


def _draw(data: DataSpec, image: Tensor, heat: Tensor, prediction: Prediction, path: Path) -> None:
    name, probability = prediction.best
    figure = new_figure(7, 3.8)
    seen, overlay = figure.subplots(1, 2)
    pixels = (image.float() / data.white).clamp(0, 1).movedim(0, -1)
    for axes in (seen, overlay):
        axes.imshow(pixels.squeeze(-1).numpy(), cmap="gray", vmin=0, vmax=1)
        axes.set_axis_off()
    overlay.imshow(heat.numpy(), cmap="inferno", alpha=0.55, vmin=0, vmax=1)
    seen.set_title("as the model sees it", fontsize=10)
    overlay.set_title(f"{figure_text(name)} {probability:.1%}", fontsize=10)
    save(figure, path, {SOURCE: _source(prediction.sample)})


def _source(sample: str) -> str:
    """What a picture says of its origin: the path of the image, in ASCII as PNG demands; empty for standard input."""
    path = "" if sample == STDIN else str(Path(sample).absolute())
    return path.encode("ascii", "backslashreplace").decode()


def _free_path(folder: Path, sample: str) -> Path:
    """The first name that is free, or that a picture of the same image has."""
    stem = "stdin" if sample == STDIN else os.fsdecode(os.fsencode(Path(sample).stem)[:LONGEST_STEM])
    numbers = (f"-{number}" if number > 1 else "" for number in count(1))
    paths = (folder / f"{stem}-explained{number}.png" for number in numbers)
    return next(path for path in paths if not path.exists() or _shows(path, sample))


def _shows(picture: Path, sample: str) -> bool:
    """Whether it explains this image; a picture that is not ours does not."""
    try:
        with Image.open(picture, formats=("PNG",)) as image:
            return sample != STDIN and image.info.get(SOURCE) == _source(sample)
    except (OSError, ValueError, SyntaxError):
        return False
