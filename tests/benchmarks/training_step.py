"""Images a second that a model trains on: by tuner, by a bare loop over random tensors, by a script with a DataLoader.

    python tests/benchmarks/training_step.py cnn resnet --rounds 3 --threads 1

The bare loop is the floor: one batch of random numbers, always the same; forward, loss, backward, SGD. tuner takes
a random batch of stored images each time, crops, flips and scales it, and counts loss and accuracy. The script does
what PyTorch's tutorials do: a Dataset, transforms of torchvision for each image, a DataLoader with two processes.
Rounds go in turn; a ratio is of two neighbours. Images are 3x32x32, as those of cifar10.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from spreads import spread
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from tuner.core.units import counted
from tuner.data.spec import DataSpec, Split
from tuner.training.changes import changes_of
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.hyperparameters import split_parameters
from tuner.training.loop import Training, train_epoch

BATCH = 128
CLASSES = 10
MEAN, STD = (0.49, 0.48, 0.45), (0.25, 0.24, 0.26)
SPEC = DataSpec(
    name="random",
    task="image",
    shape=(3, 32, 32),
    classes=tuple("abcdefghij"),
    mean=MEAN,
    std=STD,
    augment=("crop", "flip"),
)
PARAMETERS = {"optimizer": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4, "batch_size": BATCH}
WARMUP = 2  # steps before the clock starts


class Images(Dataset[tuple[Tensor, int]]):
    """The stored images, as a script has them: changed one by one."""

    def __init__(self, samples: Split) -> None:
        from torchvision import transforms

        self._samples = samples
        self._images = [transforms.functional.to_pil_image(image) for image in samples.inputs]
        steps = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
        self._change = transforms.Compose([*steps, transforms.Normalize(MEAN, STD)])

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._change(self._images[index]), int(self._samples.targets[index])


def model_of(name: str) -> Classifier:
    """With weights that are the same each time."""
    torch.manual_seed(0)
    return build_classifier(SPEC, name, split_parameters(name, PARAMETERS)[1])


def stored(count: int) -> Split:
    """Random images and classes."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, *SPEC.shape), generator=generator, dtype=torch.uint8)
    return Split(images, torch.arange(count) % CLASSES)


def with_tuner(name: str, samples: Split, batch: int = BATCH) -> float:
    """Seconds of an epoch."""
    hyperparameters, _ = split_parameters(name, {**PARAMETERS, "batch_size": batch})
    training = Training(model_of(name), hyperparameters, epochs=2, seed=0, device=torch.device("cpu"))
    changes = changes_of(hyperparameters, samples, SPEC.augment)
    encoded = Split(samples.inputs, training.target.encode(samples.targets))
    train_epoch(training, Split(encoded.inputs[: WARMUP * batch], encoded.targets[: WARMUP * batch]), changes)
    began = time.perf_counter()
    train_epoch(training, encoded, changes)
    return time.perf_counter() - began


def bare(name: str, samples: Split) -> float:
    """Seconds of as many steps over one batch of random numbers."""
    inputs, targets = torch.randn(BATCH, *SPEC.shape), samples.targets[:BATCH]
    return _loop(name, lambda: [(inputs, targets)] * (len(samples.targets) // BATCH))


def with_loader(name: str, samples: Split) -> float:
    """Seconds of an epoch of the script, without the start of the DataLoader's processes."""
    loader = DataLoader(Images(samples), BATCH, shuffle=True, num_workers=2, persistent_workers=True, drop_last=True)
    return _loop(name, lambda: loader)


def _loop(name: str, batches: Callable[[], Any]) -> float:
    network = model_of(name).train().network  # without the scaling of bytes: the batches are scaled
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def epoch(most: int) -> None:
        for number, (inputs, targets) in enumerate(batches()):
            if number >= most:
                continue  # a DataLoader that is left early has batches under way
            optimizer.zero_grad()
            torch.autograd.backward(functional.cross_entropy(network(inputs), targets))
            optimizer.step()

    epoch(WARMUP)
    began = time.perf_counter()
    epoch(10**9)
    return time.perf_counter() - began


WAYS = {"bare loop": bare, "tuner": with_tuner, "DataLoader": with_loader}


def main() -> None:
    """Prints a table: images a second, and tuner's share of the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["lenet", "cnn", "alexnet", "zfnet", "resnet", "mobilenet_v2"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0, help="of the bare loop in a round")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    columns = (f"model, {counted(options.threads, 'thread')}", *WAYS, "tuner / bare", "tuner / DataLoader")
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name in options.models:
        found: dict[str, list[float]] = {way: [] for way in WAYS}
        step = bare(name, stored(4 * BATCH)) / 4
        samples = stored(BATCH * max(4, round(options.seconds / step)))
        for _ in range(options.rounds):
            for way, run in WAYS.items():
                found[way].append(len(samples.targets) / run(name, samples))
        shares = [
            [mine / theirs for mine, theirs in zip(found["tuner"], found[other], strict=True)]
            for other in ("bare loop", "DataLoader")
        ]
        cells = [spread(found[way], 0) for way in WAYS] + [spread(share, 2) for share in shares]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
