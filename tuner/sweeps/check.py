"""`tuner check`: tries a user's own model or dataset from building to predicting, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from tuner.core import catalog, own_code
from tuner.core.code_reference import defines
from tuner.core.data_options import NOT_DIVIDED, DataOptions
from tuner.core.errors import TunerError, unknown
from tuner.core.units import counted
from tuner.data.encoding import to_raw
from tuner.data.made_up import made_up_splits
from tuner.data.source import Source
from tuner.data.spec import DataSpec, Split, Splits
from tuner.search.space_defaults import default_space
from tuner.search.space_file import parse_space
from tuner.sweeps.space_request import check_names, check_space, read_space
from tuner.training.classifier import build_classifier, model_parameters, parameter_count, predict_logits
from tuner.training.hyperparameters import TRAINING_PARAMETERS, Hyperparameters
from tuner.training.loop import Training, fit
from tuner.training.model_check import check_own_model
from tuner.training.saved_model import answers, load_model, save_model
from tuner.training.targets import target_of

Tell = Callable[[str], None]
STEPS, BATCH = 2, 8
_TOLERANCE = 1e-4  # of logits: sums in another order differ by less


def check(
    words: Sequence[str],
    tell: Tell,
    target: str | None = None,
    task: str | None = None,
    options: DataOptions = NOT_DIVIDED,
) -> None:
    """Checks a model, a dataset, or a dataset and a model. Data are read and divided as for a sweep.

    Args:
        words: what was typed: one or two files or names.
        tell: gets a line for each thing that works.
        target: the column to predict, of a table.
        task: what is predicted; None where the column decides.
        options: how the data are read and divided.

    Raises:
        TunerError: what is wrong, with the user's file and line where it is in their code.
    """
    if len(words) == 2:
        source = Source.parse(words[0], target, task=task, options=options)
        model = catalog.resolve("models", words[1])
        catalog.check("models", model)
        splits = _check_dataset(source, tell)
        raw, name = read_space(source, model, None, lambda: splits)
        _check_model(splits, model, raw, name, tell)
        return
    kind = _kind(words[0])
    if kind == "datasets":
        _check_dataset(Source.parse(words[0], target, task=task, options=options), tell)
        return
    options.refuse("give a dataset: what is checked here is a model, on made-up data")
    model = catalog.resolve("models", words[0])
    for data in catalog.load("models", model).TASKS:
        _check_model(made_up_splits(data), model, default_space(model, data), f"the default space of {words[0]}", tell)


def _kind(text: str) -> own_code.Kind:
    """Whether one word means a model or a dataset. Raises TunerError when it is neither."""
    for kind in own_code.FUNCTION:
        if text in catalog.names(kind) or own_code.found_here(kind, text):
            return kind
    name = catalog.resolve("models", text)
    if not own_code.is_own(name):
        if ":" not in text:
            every = [each for kind in own_code.FUNCTION for each in (*catalog.names(kind), *own_code.found_in(kind))]
            raise unknown("model or dataset", text, every)
        return "datasets"
    kept = own_code.kept_code(name)
    wanted = [kind for kind, function in own_code.FUNCTION.items() if kept.function in ("", function)]
    found = [kind for kind in wanted if defines(kept.origin, own_code.FUNCTION[kind])]
    if not found:
        other = f": to tune your own train(trial), type tuner sweep {text}" if defines(kept.origin, "train") else ""
        raise TunerError(f"{text} has neither build(data), as a model has, nor load(root), as a dataset has{other}")
    return found[0]


def _check_dataset(source: Source, tell: Tell) -> Splits:
    splits = source.load()
    if source.load().fingerprint() != splits.fingerprint():
        raise TunerError(
            f"{own_code.shown(source.dataset)}: load gives other samples the second time: a sweep that is resumed must "
            "find the same; use a fixed seed, and sort what you list"
        )
    sizes = ", ".join(f"{len(getattr(splits, part).targets):,} {part}" for part in ("train", "validation", "test"))
    spec = splits.spec
    shape = "x".join(map(str, spec.shape))
    told = f"{len(spec.classes)} classes" if spec.number is None else f"a number to predict, '{spec.number.name}'"
    tell(f"{source.name}: {spec.task} data of {shape}, {told}; {sizes} samples")
    for line in splits.record.lines() if splits.record else ():
        tell(line)
    missing = [spec.classes[n] for n in range(len(spec.classes)) if not (splits.train.targets == n).any()]
    if missing:
        raise TunerError(f"{source.name}: no training sample of the class {missing[0]}: a model cannot learn it")
    return splits


def _check_model(splits: Splits, model: str, raw: dict[str, object], source: str, tell: Tell) -> None:
    spec, name = splits.spec, own_code.title(model)
    _check_parameters(model, name)
    space = parse_space(raw, source)
    check_names(space, model, source)
    check_space(space, model, spec, source)
    check_own_model(spec, splits.train, model)
    training = _train(splits, model)
    _check_saved(spec, splits.test, model, training)
    size, steps = parameter_count(training.model), counted(STEPS, "step")
    shape = "x".join(map(str, spec.shape))
    tell(
        f"{name} on {spec.task} data of {shape}: {size:,} parameters; built, {steps} trained, saved, loaded, predicted"
    )
    fixed = [each for each in model_parameters(model) if each not in {p.name for p in space.parameters}]
    if fixed:
        tell(f"  not searched: {', '.join(fixed)} (SPACE in its file, or --space, says which values are tried)")


def _check_parameters(model: str, name: str) -> None:
    taken = sorted(TRAINING_PARAMETERS & set(model_parameters(model)))
    if taken:
        raise TunerError(f"{name}: build takes {taken[0]}, which is a parameter of training: give it another name")


def _train(splits: Splits, model: str) -> Training:
    torch.manual_seed(0)
    built = build_classifier(splits.spec, model, {})
    how = Hyperparameters(batch_size=BATCH, optimizer="adamw", lr=1e-3)
    training = Training(built, how, epochs=1, seed=0, device=torch.device("cpu"), target=target_of(splits.spec))
    train, validation = _first(splits.train, STEPS * BATCH), _first(splits.validation, BATCH)
    for metrics in fit(training, train, validation, splits.spec.augment):
        if not metrics.finite:
            raise TunerError(f"{own_code.title(model)}: the loss is not a finite number after {STEPS} steps")
    return training


def _check_saved(spec: DataSpec, test: Split, model: str, training: Training) -> None:
    samples = _first(test, BATCH)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        save_model(folder, spec, model, {}, training.model.state_dict())
        torch.manual_seed(1)  # what is not in the file is drawn anew
        loaded, data = load_model(folder)
    before, after = (predict_logits(each, samples.inputs) for each in (training.model, loaded))
    if not torch.allclose(before, after, atol=_TOLERANCE):
        raise TunerError(
            f"{own_code.title(model)}: the saved and loaded model answers otherwise: a part of it is not in its "
            "state_dict (keep layers in nn.ModuleList, and other tensors by register_buffer)"
        )
    again = predict_logits(loaded, samples.inputs)
    if not torch.equal(after, again):
        raise TunerError(
            f"{own_code.title(model)}: answers differ from call to call in evaluation mode: use nn.Dropout"
        )
    answers(loaded, data, to_raw(data, samples.inputs))


def _first(split: Split, count: int) -> Split:
    return Split(split.inputs[:count], split.targets[:count])
