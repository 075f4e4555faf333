"""The tools show and predict: they read data and models, and run code of the user's only where that is allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tuner.core import catalog, own_code
from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError
from tuner.core.files import pictures, tuner_home
from tuner.serving.agent.answers import Predictions, answer
from tuner.serving.agent.data_fields import Column, Dataset, Task, TestSplit
from tuner.serving.agent.looking import MOST, First, Most
from tuner.serving.schemas.models import ClassPrediction, NumberPrediction, Shown

if TYPE_CHECKING:
    from torch import nn

    from tuner.data.spec import DataSpec
    from tuner.training.samples import SampleReader

MOST_SAMPLES = 10_000  # that are read in a call
MOST_CLASSES = 10  # of a sample
MOST_LEFT_OUT = 20


def make_show(*, own: bool) -> Callable[..., Shown]:
    """The tool show; with `own` it runs code of the user's."""

    def show(
        dataset: Dataset,
        model: Annotated[str | None, Field(description="A name from list; also its search space is shown.")] = None,
        target: Column = None,
        task: Task = None,
        text: Column = None,
        test: TestSplit = None,
        group: Column = None,
        time: Column = None,
    ) -> Shown:
        """A dataset: shape, splits, classes or numbers, notes; with a model the search space and the model's size."""
        from tuner.data.source import Source  # noqa: PLC0415
        from tuner.sweeps.show import describe  # noqa: PLC0415

        options = DataOptions(text=text, test=test, group=group, time=time)
        if not own:
            _check_not_own("datasets", dataset)
            _check_not_own("models", model)
        source = Source.parse(dataset, target, task=task, options=options)
        return answer(Shown, describe(source, model, pictures()))

    return show


def make_predict(*, own: bool) -> Callable[..., Predictions]:
    """The tool predict; with `own` it runs code that was kept with a model."""

    def predict(
        model: Annotated[
            str,
            Field(description="A pair (its champion), models:/NAME@champion, a sweep, or a file of tuner export."),
        ],
        files: Annotated[
            list[str] | None, Field(description="Paths of images, texts (one a line) or CSV; folders, patterns.")
        ] = None,
        texts: Annotated[list[str] | None, Field(max_length=MOST, description="Texts, for models of texts.")] = None,
        first: First = 0,
        most: Most = 50,
    ) -> Predictions:
        """Predict the classes of images, texts or rows of a table; or the number of a row.

        Files are read from this machine. Where the true classes are known, score says how good the answers are.
        """
        from tuner.sweeps.model_lookup import find_model  # noqa: PLC0415
        from tuner.training.open_model import open_model, own_code_run_by  # noqa: PLC0415
        from tuner.training.samples import SampleReader  # noqa: PLC0415

        if "-" in (files or ()):
            raise TunerError("files: '-' is standard input, which the protocol uses: name files")
        notes: list[str] = []
        with TemporaryDirectory() as scratch:
            place = find_model(model, tuner_home(), Path(scratch), notes.append)
            if not own and own_code_run_by(place):
                raise _own_code(model)
            network, data = open_model(place)
        reader = SampleReader(data, files or [], texts or [])
        return _answers(network, data, reader, notes, first, most)

    return predict


def _answers(
    network: nn.Module, data: DataSpec, reader: SampleReader, notes: list[str], first: int, most: int
) -> Predictions:
    from tuner.training.prediction import predict, predict_numbers  # noqa: PLC0415 - imports torch
    from tuner.training.true_classes import Accuracy  # noqa: PLC0415
    from tuner.training.true_numbers import Distance  # noqa: PLC0415

    given: list[dict[str, Any]] = []
    total, said, complete = 0, Counter[str](), True
    accuracy, distance = Accuracy(), Distance()
    for samples in reader:
        if total >= MOST_SAMPLES:
            complete = False
            break
        if data.number is not None:
            numbers = predict_numbers(network, data.number, samples)
            distance.add((each.number, each.truth) for each in numbers)
            found = [each.to_json() for each in numbers]
        else:
            classes = predict(network, data, samples)
            accuracy.add((each.best[0], each.truth) for each in classes)
            said.update(each.best[0] for each in classes)
            found = [_shortened(each.to_json()) for each in classes]
        given += found[max(0, first - total) : max(0, first + most - total)]
        total += len(found)
    scored = distance if data.number is not None else accuracy
    shape = NumberPrediction if data.number is not None else ClassPrediction
    broken = reader.broken
    return Predictions(
        predictions=[answer(shape, each) for each in given],  # type: ignore[arg-type]  # all of one kind
        total=total,
        next=first + most if first + most < total else None,
        complete=complete,
        score=str(scored) if scored.known else None,
        said=dict(said.most_common(MOST)),
        notes=[*notes, *reader.notes()],
        left_out=[
            *broken[:MOST_LEFT_OUT],
            *([f"and {len(broken) - MOST_LEFT_OUT} more"] if broken[MOST_LEFT_OUT:] else []),
        ],
    )


def _shortened(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "probabilities": dict(list(answer["probabilities"].items())[:MOST_CLASSES])}


def _check_not_own(kind: own_code.Kind, text: str | None) -> None:
    if text is not None and own_code.is_own(catalog.resolve(kind, text)):
        raise _own_code(text)


def _own_code(name: str) -> TunerError:
    return TunerError(f"{name} runs code of your own, and this server only reads: start it with tuner mcp --allow-run")
