"""Arguments and options of all commands, one definition for each, and the panels of the help that they are in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SEARCH, CONFIRMATION, TRAINING = "Search", "Confirmation", "Training"  # panels
RESOURCES, CLUSTER, OUTPUT = "Resources", "Cluster", "Output"

# Arguments
Dataset = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="From `tuner list`, or folder:PATH, csv:PATH, text:PATH, FILE.py.", show_default=False
    ),
]
Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A name from `tuner list`, or FILE.py.", show_default=False)
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A sweep's name.", show_default=False)]
NameOrAll = Annotated[
    str | None, typer.Argument(metavar="NAME", help="A sweep's name; by default all sweeps.", show_default=False)
]
# The search
Trials = Annotated[
    int | None,
    typer.Option(
        "--trials",
        metavar="N",
        help="Number of trials: points of the search space. By default 24, and with --sampler grid all points.",
        rich_help_panel=SEARCH,
    ),
]
Space = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A search-space file to use instead of the pair's own.", rich_help_panel=SEARCH),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a parameter: lr=0.01. A sweep also takes choices and ranges: optimizer=sgd,adam, dropout=0.1..0.5, "
        "lr=0.001..1:log (on a log scale). Repeatable.",
        rich_help_panel=SEARCH,
    ),
]
TimeBudget = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Stop the search after this time: 90s, 30m, 2h.", rich_help_panel=SEARCH),
]
Sampler = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="How points are drawn: tpe learns from the trials before; gp (a Gaussian process) and cmaes do, too; "
        "random; qmc covers the space evenly; grid tries every point; auto chooses one of these. With --scheduler "
        "pbt: what trials begin with.",
        rich_help_panel=SEARCH,
    ),
]
Scheduler = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Which trials stop early. asha: the best third go on, others wait for their turn; asha-stop: others end "
        "at once; hyperband: a part of the trials is compared later, or never; pasha: as asha, and "
        "no further than it takes to rank the trials; pbt: none stops, poor ones take over weights of good ones and "
        "change values; median: those below the median end; none: no trial stops early.",
        rich_help_panel=SEARCH,
    ),
]
MaxFailureRate = Annotated[
    float,
    typer.Option(
        metavar="SHARE", help="Stop the search when more than this share of trials has failed.", rich_help_panel=SEARCH
    ),
]
FromBest = Annotated[
    str | None,
    typer.Option(metavar="SWEEP", help="Use the parameters of this sweep's best trial.", rich_help_panel=SEARCH),
]
FromTrial = Annotated[
    str | None,
    typer.Option(
        metavar="SWEEP/N",
        help="Repeat a trial exactly, with its seed: SWEEP/NUMBER, such as digits-cnn-1/17.",
        rich_help_panel=SEARCH,
    ),
]
# Training
MaxEpochs = Annotated[
    int | None,
    typer.Option(
        "--max-epochs",
        "--epochs",
        metavar="N",
        help="Epochs of training, the most for a trial of a sweep; by default those of the search space.",
        rich_help_panel=TRAINING,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Seed of the search and of training. It repeats every trial, and the first third of the points (4 to 10). "
        "The others also depend on which trial ends first: --concurrency 1 repeats a whole sweep.",
        rich_help_panel=TRAINING,
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Use at most this many samples for training and validation (the test set stays whole).",
        rich_help_panel=TRAINING,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="For csv:PATH and text:PATH: the column to predict. Its classes; or of csv:PATH its numbers, where it has "
        "many different ones.",
        rich_help_panel=TRAINING,
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help="For csv:PATH and openml:NAME: classification or regression, where the column alone would say the other.",
        rich_help_panel=TRAINING,
    ),
]
KnownAs = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="For your own data: a name in place of the one from its path. The model is then NAME-MODEL.",
        rich_help_panel=TRAINING,
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A file of pretrained weights, instead of a download.", rich_help_panel=TRAINING),
]
TrialTimeout = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Fail a trial that has not finished an epoch for this time: 90s, 30m.",
        rich_help_panel=TRAINING,
    ),
]
MaxFailures = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="How often a trial is resumed from its checkpoint after its worker has died.",
        rich_help_panel=TRAINING,
    ),
]
OutOfMemory = Annotated[
    str,
    typer.Option(
        metavar="ACTION",
        help="When a trial runs out of memory: fail, or halve-batch to train each batch in two halves.",
        rich_help_panel=TRAINING,
    ),
]
# Resources
Concurrency = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Trials that run at the same time; by default what fits.", rich_help_panel=RESOURCES
    ),
]
Cpus = Annotated[
    int | None,
    typer.Option(
        "--cpus-per-trial",
        "--cpus",
        metavar="N",
        help="CPU cores (and threads) of each trial; by default an equal share of all.",
        rich_help_panel=RESOURCES,
    ),
]
Gpus = Annotated[
    float | None,
    typer.Option(
        "--gpus-per-trial",
        "--gpus",
        metavar="N",
        help="GPUs of each trial: with 0.25 four trials share one, with 2 each trains on two of one machine, "
        "with 0 on the CPU.",
        rich_help_panel=RESOURCES,
    ),
]
# A cluster
WorkersPerNode = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="The most processes that train on one machine of a cluster.", rich_help_panel=CLUSTER
    ),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Where a cluster keeps checkpoints if it has no MLflow server, such as s3://bucket/path.",
        rich_help_panel=CLUSTER,
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Address of a cluster, such as http://head:8265; by default TUNER_ADDRESS.",
        show_default=False,
        rich_help_panel=CLUSTER,
    ),
]
Attach = Annotated[
    bool,
    typer.Option("--attach", help="With --address: follow the sweep until it stops.", rich_help_panel=CLUSTER),
]
# What is printed
SweepName = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="Name of the sweep; by default DATASET-MODEL-N.", rich_help_panel=OUTPUT
    ),
]
Detach = Annotated[bool, typer.Option("--detach", help="Run in the background.", rich_help_panel=OUTPUT)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.", rich_help_panel=OUTPUT)]


def sweep_place(name: str | None, address: str | None) -> str | None:
    """The address of the cluster that has the sweep; None when it is on this machine."""
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.execution.jobs.address import place  # noqa: PLC0415

    return place(name, address, tuner_home())
