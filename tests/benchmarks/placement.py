"""Many short trials on a cluster of several machines: how often does the data cross the network?

    python tests/benchmarks/placement.py --machines 5 --megabytes 500 --trials 200

Each machine is a network namespace whose interface counts what it receives; see `support.machines`. They share the
cores and the disk of this one, and each has an object store of its own. The data is made on the first one, where the
sweep's driver runs. Checkpoints go to a folder that all of them see, and so not over the network.

Ray waits for data as long as in docker/, or as --pull-timeout says. --slow 60 gives the last machine a network of 60
Mbit/s: there the data takes long, and others that have it already could send it, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.machines import Machine, enter_own_network, machines
from support.ray_cluster import Cluster, ray_cluster

from tuner.execution.slurm import allocation
from tuner.search.study_reader import read_records

TUNER = str(Path(sys.executable).with_name("tuner"))
SIDE = 256  # pixels
[(PULL_TIMEOUT, DEFAULT_MS)] = allocation.PULL_TIMEOUT.items()
DATA = '''"""Noise in two shades."""
import torch
from tuner.data.spec import DataSpec, Split, Splits

def part(count):
    targets = torch.arange(count) % 2
    inputs = torch.randint(0, 100, (count, 3, {side}, {side}), dtype=torch.uint8)  # noise is not packed well
    inputs[targets == 1] += 50
    return Split(inputs, targets)

def load(root):
    spec = DataSpec(name="noise", task="image", shape=(3, {side}, {side}), classes=("dark", "light"),
        mean=(75.0,) * 3, std=(40.0,) * 3)
    torch.manual_seed(0)
    return Splits(spec, part({train}), part(100), part(100))
'''
MODEL = '''"""A linear layer over a few pixels."""
from torch import nn

TASKS = ("image",)
SPACE = {"bias": {"choices": [True, False]}, "augment": False}

class Few(nn.Module):
    def __init__(self, bias):
        super().__init__()
        self.last = nn.Linear(3 * 8 * 8, 2, bias=bias)

    def forward(self, x):
        return self.last(x[:, :, ::32, ::32].flatten(1))

def build(data, *, bias=True):
    return Few(bias)
'''


@dataclass(frozen=True, kw_only=True)
class Row:
    """A machine."""

    trials: int
    """That it has trained."""
    received: int
    """Bytes, from the command to its end."""
    copies: float
    """How often the data fits into them."""


def sweep(cluster: Cluster, folder: Path, options: argparse.Namespace) -> int:
    """Runs it to its end. Returns the bytes of its training and validation samples."""
    bytes_each = 3 * SIDE * SIDE
    train = int(options.megabytes) * 10**6 // bytes_each
    (folder / "noise.py").write_text(DATA.format(side=SIDE, train=train))
    (folder / "few.py").write_text(MODEL)
    command = [TUNER, "sweep", "noise.py", "few.py", "--name", "x", "--trials", str(options.trials), "--epochs", "1"]
    command += ["--scheduler", "none", "--sampler", "random", "--cpus-per-trial", "1", "--attach"]
    command += ["--storage", (folder / "checkpoints").as_uri(), "--address", cluster.address]
    subprocess.run(command, cwd=folder, env={**os.environ, **cluster.client}, stdout=sys.stderr, check=True)
    return (train + 100) * bytes_each


def trials_of(cluster: Cluster) -> Counter[str]:
    """How many each machine has trained, by its address."""
    journal = cluster.nodes[0].folder / "tuner-runs" / "x" / "study.log"
    nodes = Counter(node.rpartition("/")[2] for record in read_records(journal) for _, node in record.nodes)
    return Counter({address: nodes[name[:8]] for name, address in cluster.addresses().items()})


def measure(cluster: Cluster, each: list[Machine], folder: Path, options: argparse.Namespace) -> list[Row]:
    """A row for each machine; the first one has the data from the beginning."""
    for machine in each[1:]:
        cluster.add(cpus=options.slots, host=machine)
    before = [machine.received for machine in each]
    size = sweep(cluster, folder, options)
    after, trials = [machine.received for machine in each], trials_of(cluster)
    return [
        Row(trials=trials[machine.address], received=now - then, copies=(now - then) / size)
        for machine, then, now in zip(each, before, after, strict=True)
    ]


def main() -> None:
    """Prints a row for each machine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machines", type=int, default=5)
    parser.add_argument("--slots", type=int, default=2, help="trials at once on each")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=500, help="of training samples")
    parser.add_argument("--slow", type=int, default=0, help="Mbit/s of the last machine's network; 0 for no limit")
    parser.add_argument("--pull-timeout", type=int, default=int(DEFAULT_MS), help="ms; Ray's own default is 10000")
    parser.add_argument("--json", action="store_true", help="print numbers in place of a table")
    options = parser.parse_args()
    enter_own_network()
    with (
        tempfile.TemporaryDirectory(prefix="place", dir="/tmp") as name,
        machines(options.machines) as each,
        ray_cluster(cpus=options.slots, host=each[0], environment={PULL_TIMEOUT: str(options.pull_timeout)}) as cluster,
    ):
        if options.slow:
            each[-1].slow_down(options.slow)
        rows = measure(cluster, each, Path(name), options)
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    print("| machine | trials | received, MB | copies of the data |\n|---|---|---|---|")
    for number, row in enumerate(rows):
        name = "the driver's" if not number else str(number + 1)
        print(f"| {name} | {row.trials} | {row.received / 1e6:,.1f} | {row.copies:.2f} |")


if __name__ == "__main__":
    main()
