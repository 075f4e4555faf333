"""The options of `tuner sweep` that say what is better."""

from __future__ import annotations

from typing import Annotated

import typer

from tuner.cli.options import SEARCH

Objectives = Annotated[
    list[str] | None,
    typer.Option(
        "--objective",
        metavar="METRIC[:min|max]",
        help="What trials are compared by: val_accuracy (the default), val_macro_f1, val_balanced_accuracy, "
        "val_loss, train_loss, train_accuracy; of numbers val_r2 (the default), val_rmse, val_mae, val_mse; or what "
        "a trial is: parameters (how many weights), latency_ms (of one "
        "sample, measured). Given twice, both count: the result is a Pareto front. Of your own "
        "training code: any metric that it reports.",
        rich_help_panel=SEARCH,
    ),
]
Fidelity = Annotated[
    str,
    typer.Option(
        metavar="epochs|seconds",
        help="In what several models are compared: epochs, each a pass over the training samples; or seconds: an epoch "
        "is then the time that one of the first model takes, and quicker models make more passes in it.",
        rich_help_panel=SEARCH,
    ),
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint",
        metavar="METRIC<=NUMBER",
        help="A bound on what a trained model has, which the winner must fulfill, such as "
        '"parameters<=300000" or "val_accuracy>=0.9", in quotes. (Between hyperparameters: --constrain.) Repeatable.',
        rich_help_panel=SEARCH,
    ),
]
Relations = Annotated[
    list[str] | None,
    typer.Option(
        "--constrain",
        metavar="RELATION",
        help="A relation between hyperparameters that each point must fulfill before it is trained, such as "
        '"batch_size * width <= 4096" or "optimizer == \'sgd\' or lr < 0.1", in quotes. (Of a trained model: '
        "--constraint.) Repeatable.",
        rich_help_panel=SEARCH,
    ),
]
