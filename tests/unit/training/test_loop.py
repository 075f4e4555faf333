"""The training loop: what it yields, keeps and goes on from."""

from __future__ import annotations

import copy
import io
import math
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
import torch
from support.digits import some_digits
from torch import nn

from tuner.data.augmentation import chosen
from tuner.data.spec import Split, Splits
from tuner.training.classifier import Classifier, build_classifier, predict_logits
from tuner.training.epoch_metrics import EpochMetrics
from tuner.training.epoch_scores import evaluate
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.learning_rate import lr_factor
from tuner.training.loop import Training, fit, train_epoch
from tuner.training.optimizers import OPTIMIZERS

CPU = torch.device("cpu")
EPOCHS = 4


@pytest.fixture(scope="module")
def splits() -> Splits:
    """150 digits."""
    return some_digits(150)


def network(splits: Splits, dropout: float = 0.3) -> Classifier:
    torch.manual_seed(0)
    return build_classifier(splits.spec, "cnn", {"width": 0.125, "dropout": dropout})


def start(splits: Splits, *, epochs: int = EPOCHS, seed: int = 5, **hyperparameters: Any) -> Training:
    chosen = Hyperparameters(**{"batch_size": 32, "optimizer": "adam", "lr": 0.01, **hyperparameters})
    return Training(network(splits), chosen, epochs=epochs, seed=seed, device=CPU)


def run(training: Training, splits: Splits, epochs: int | None = None) -> list[EpochMetrics]:
    """Trains so many epochs more, or to the end."""
    with closing(fit(training, splits.train, splits.validation, ("crop", "rotate"))) as metrics:
        return [epoch for _, epoch in zip(range(epochs or training.epochs), metrics, strict=False)]


def numbers(metrics: list[EpochMetrics]) -> list[dict[str, Any]]:
    """All but the time."""
    return [replace(epoch, epoch_seconds=0.0).numbers() for epoch in metrics]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def through_a_file(training: Training) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(training.state_dict(), file)
    file.seek(0)
    state: dict[str, Any] = torch.load(file, weights_only=True)
    return state


def metrics(*, epoch: int = 1, accuracy: float = 0.5, loss: float = 1.0, train_loss: float = 1.0) -> EpochMetrics:
    return EpochMetrics(
        epoch=epoch,
        train_loss=train_loss,
        train_accuracy=0.5,
        val_loss=loss,
        val_accuracy=accuracy,
        lr=0.1,
        epoch_seconds=1.0,
    )


def test_a_training_learns_and_yields_one_metrics_an_epoch(splits: Splits) -> None:
    training = start(splits, epochs=12, batch_size=16)
    done = list(fit(training, splits.train, splits.validation, ()))
    assert [epoch.epoch for epoch in done] == list(range(1, 13))
    assert done[-1].numbers()["val_accuracy"] > 0.5  # chance is 0.1
    assert done[-1].train_loss < done[0].train_loss
    assert all(
        0 <= epoch.numbers()["train_accuracy"] <= 1 and epoch.epoch_seconds > 0 and epoch.finite for epoch in done
    )
    assert training.metrics == done[-1]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("stop", [1, EPOCHS - 1])
@pytest.mark.parametrize("more", [{}, {"mixup": 0.3, "randaugment": 0.2, "cutout": 0.3, "ema": 0.9}], ids=["", "all"])
def test_a_training_that_is_saved_and_loaded_goes_on_with_the_same_numbers(
    splits: Splits, optimizer: str, stop: int, more: dict[str, Any]
) -> None:
    through = start(splits, optimizer=optimizer, label_smoothing=0.1, **more)
    expected = run(through, splits)
    stopped = start(splits, optimizer=optimizer, label_smoothing=0.1, **more)
    first = run(stopped, splits, stop)
    state = through_a_file(stopped)
    again = start(splits, optimizer=optimizer, label_smoothing=0.1, **more)
    again.load_state_dict(state)
    torch.manual_seed(99)  # another process, that has drawn other random numbers
    assert again.metrics == first[-1]
    assert numbers(first + run(again, splits)) == numbers(expected)
    assert same(again.model.state_dict(), through.model.state_dict())
    assert same(again.kept_weights, through.kept_weights)
    assert again.kept_metrics is not None
    assert through.kept_metrics is not None
    assert numbers([again.kept_metrics]) == numbers([through.kept_metrics])


def test_a_training_that_has_not_begun_can_be_saved_and_loaded(splits: Splits) -> None:
    again = start(splits)
    again.load_state_dict(through_a_file(start(splits)))
    assert (again.epoch, again.metrics, again.kept_metrics) == (0, None, None)
    assert numbers(run(again, splits)) == numbers(run(start(splits), splits))


def test_another_seed_gives_other_numbers(splits: Splits) -> None:
    """The weights at the start are the same: order, augmentation and dropout are not."""
    assert numbers(run(start(splits, seed=1), splits, 1)) != numbers(run(start(splits, seed=2), splits, 1))


def test_epochs_differ_in_order_augmentation_and_dropout(splits: Splits) -> None:
    """With a learning rate that is next to nothing the epochs would otherwise give the same training loss."""
    losses = {epoch.train_loss for epoch in run(start(splits, lr=1e-12, optimizer="sgd"), splits)}
    assert len(losses) == EPOCHS


def test_the_kept_weights_are_those_of_the_last_epoch_within_one_standard_error_of_the_best(splits: Splits) -> None:
    training = start(splits, epochs=12, lr=0.1, optimizer="sgd", momentum=0.95)  # wild enough to get worse at times
    kept: dict[int, dict[str, torch.Tensor]] = {}
    done: list[EpochMetrics] = []
    for epoch in fit(training, splits.train, splits.validation, ()):
        kept[epoch.epoch] = copy.deepcopy(training.model.state_dict())
        done.append(epoch)
    peak = max(epoch.numbers()["val_accuracy"] for epoch in done)
    error = math.sqrt(peak * (1 - peak) / len(splits.validation.targets))
    best = [epoch for epoch in done if epoch.numbers()["val_accuracy"] >= peak - error][-1]
    assert training.kept_metrics == best
    assert same(training.kept_weights, kept[best.epoch])
    model = network(splits).to(memory_format=training.layout)  # another layout rounds otherwise on some processors
    model.load_state_dict(training.kept_weights)
    assert evaluate(model, splits.validation) == (
        *(best.val_loss, best.val_accuracy, best.val_macro_f1, best.val_balanced_accuracy),
    )


def test_the_kept_weights_are_a_copy_that_later_epochs_leave_alone(splits: Splits) -> None:
    training = start(splits)
    run(training, splits, 1)
    before = {name: value.clone() for name, value in training.kept_weights.items()}
    train_epoch(training, splits.train, ())
    assert same(training.kept_weights, before)
    assert not same(training.model.state_dict(), before)


@pytest.mark.parametrize(
    ("accuracies", "kept"),
    [
        ([0.5, 0.6, 0.7], 3),
        ([0.5, 0.70, 0.66], 3),  # the standard error of 0.7 with 100 samples is 0.046
        ([0.5, 0.70, 0.65], 2),
        ([0.70, 0.66, 0.5, 0.66, 0.5], 4),
        ([0.66, 0.72, 0.66], 2),
        ([1.0, 0.99, 1.0, 0.99], 4),  # the error of 1 is 0, but one sample may be luck
        ([1.0, 0.98, 0.98], 1),
        ([0.0, 0.0], 2),
    ],
)
def test_a_training_keeps_the_last_epoch_within_one_standard_error_of_the_best(
    splits: Splits, accuracies: list[float], kept: int
) -> None:
    name, _ = next(network(splits).named_parameters())
    for stop in range(len(accuracies)):
        training = start(splits)
        for number, accuracy in enumerate(accuracies, 1):
            with torch.no_grad():
                dict(training.model.named_parameters())[name].fill_(number)  # it says of which epoch the weights are
            training.note(metrics(epoch=number, accuracy=accuracy), 100)
            if number == stop:  # killed here, and another process resumes
                state, training = through_a_file(training), start(splits)
                training.load_state_dict(state)
        assert training.kept_metrics is not None
        assert training.kept_metrics.epoch == kept
        assert torch.equal(training.kept_weights[name], torch.full_like(training.kept_weights[name], kept))


def test_a_checkpoint_of_the_version_that_kept_the_best_epoch_is_resumed(splits: Splits) -> None:
    old = start(splits)
    old.note(metrics(accuracy=0.70), 100)
    state = through_a_file(old)
    del state["peak"]
    for accuracy, kept in ((0.66, 2), (0.65, 1)):
        training = start(splits)
        training.load_state_dict(state)
        training.note(metrics(epoch=2, accuracy=accuracy), 100)
        assert training.kept_metrics is not None
        assert training.kept_metrics.epoch == kept


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_loss_that_is_not_finite_is_yielded_and_never_the_best(splits: Splits, optimizer: str) -> None:
    training = start(splits, lr=1e30, optimizer=optimizer, epochs=2)
    done = run(training, splits)
    assert not done[-1].finite
    assert training.kept_metrics is None or training.kept_metrics.finite


@pytest.mark.parametrize("batch_size", [1000, 10**9])
def test_a_batch_larger_than_the_split_is_the_whole_split(splits: Splits, batch_size: int) -> None:
    count = len(splits.train.targets)
    large = run(start(splits, batch_size=batch_size), splits)
    assert numbers(large) == numbers(run(start(splits, batch_size=count), splits))


def test_a_last_batch_that_is_not_full_is_left_out(splits: Splits) -> None:
    sizes: list[int] = []
    model = Classifier(splits.spec, nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    model.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    split = Split(torch.zeros(10, 1, 8, 8), torch.zeros(10, dtype=torch.int64))
    training = Training(model, Hyperparameters(batch_size=4), epochs=1, seed=0, device=CPU)
    train_epoch(training, split, ())
    assert sizes == [4, 4]


def test_an_epoch_shows_each_sample_once_in_another_order_each_time(splits: Splits) -> None:
    seen: list[list[int]] = []
    model = Classifier(splits.spec, nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    model.register_forward_pre_hook(lambda _, inputs: seen.append([int(i) for i in inputs[0][:, 0, 0, 0]]))
    inputs = torch.arange(12.0)[:, None, None, None].expand(12, 1, 8, 8)
    split = Split(inputs, torch.zeros(12, dtype=torch.int64))
    training = Training(model, Hyperparameters(batch_size=4), epochs=2, seed=0, device=CPU)
    for _ in fit(training, split, Split(inputs[:1], split.targets[:1]), ()):
        pass
    first, second = list(chain(*seen[:3])), list(chain(*seen[4:7]))
    assert sorted(first) == sorted(second) == list(range(12))
    assert first != second


def test_closing_the_generator_ends_the_training_where_it_is(splits: Splits) -> None:
    training = start(splits)
    epochs = fit(training, splits.train, splits.validation, ())
    next(epochs)
    epochs.close()
    assert list(epochs) == []
    assert training.epoch == 1
    assert [epoch.epoch for epoch in run(training, splits)] == [2, 3, 4]


def test_a_training_that_is_done_yields_nothing(splits: Splits) -> None:
    training = start(splits, epochs=1)
    run(training, splits)
    assert run(training, splits) == []


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing(steps: int, warmup: float) -> None:
    factors = [lr_factor(step, steps, warmup) for step in range(steps)]
    top = factors.index(max(factors))
    assert all(0 < factor <= 1 for factor in factors)
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)
    assert top <= math.ceil(warmup * steps)
    assert lr_factor(steps, steps, warmup) == pytest.approx(0)


@pytest.mark.parametrize(
    ("step", "steps", "warmup", "factor"),
    [
        (0, 100, 0.0, 1.0),
        (50, 100, 0.0, 0.5),
        (25, 100, 0.0, 0.5 * (1 + math.sqrt(0.5))),
        (0, 100, 0.1, 1 / 11),
        (4, 100, 0.1, 5 / 11),
        (9, 100, 0.1, 10 / 11),
        (10, 100, 0.1, 1.0),
        (55, 100, 0.1, 0.5),
    ],
)
def test_the_warm_up_is_linear_and_the_rest_a_cosine(step: int, steps: int, warmup: float, factor: float) -> None:
    assert lr_factor(step, steps, warmup) == pytest.approx(factor)


def test_the_rate_of_an_epochs_last_step_is_yielded(splits: Splits) -> None:
    steps = len(splits.train.targets) // 32
    done = run(start(splits, lr=0.02, warmup=0.25), splits)
    expected = [0.02 * lr_factor(epoch * steps - 1, EPOCHS * steps, 0.25) for epoch in range(1, EPOCHS + 1)]
    assert [epoch.lr for epoch in done] == pytest.approx(expected)


def test_evaluation_neither_drops_out_nor_changes_anything(splits: Splits) -> None:
    model = network(splits, dropout=0.9)
    model.train()
    before = copy.deepcopy(model.state_dict())
    first, second = evaluate(model, splits.validation), evaluate(model, splits.validation)
    assert first == second
    assert same(model.state_dict(), before)


def test_the_logits_of_many_samples_are_those_of_each(splits: Splits) -> None:
    """More samples than one batch of the evaluation holds."""
    model = network(splits)
    few = splits.validation.inputs
    many = few.repeat(60, 1, 1, 1)
    assert len(many) > 1024
    assert torch.allclose(predict_logits(model, many), predict_logits(model, few).repeat(60, 1), atol=1e-5)


def test_label_smoothing_is_of_the_training_loss_only(splits: Splits) -> None:
    plain = run(start(splits, lr=1e-12), splits, 1)[0]
    smooth = run(start(splits, lr=1e-12, label_smoothing=0.5), splits, 1)[0]
    assert smooth.train_loss != plain.train_loss
    assert smooth.val_loss == pytest.approx(plain.val_loss)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_a_training_runs_in_bf16_and_channels_last(splits: Splits) -> None:
    device = torch.device("cuda")
    dtypes = set()
    model = network(splits)
    training = Training(model, Hyperparameters(batch_size=32), epochs=1, seed=0, device=device)
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_hook(lambda *call: dtypes.add(call[2].dtype))
    on_gpu = Split(splits.train.inputs.to(device), splits.train.targets.to(device))
    train_epoch(training, on_gpu, chosen(splits.spec.augment, hidden=0.5))
    assert dtypes == {torch.bfloat16}
    kernels = [parameter for parameter in model.parameters() if parameter.ndim == 4]
    assert all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)
    assert predict_logits(model, on_gpu.inputs).dtype == torch.float32


def test_a_parameter_with_an_lr_scale_moves_that_much_less(splits: Splits) -> None:
    torch.manual_seed(0)
    layers = [nn.Linear(64, 10, bias=False) for _ in range(2)]
    layers[1].load_state_dict(layers[0].state_dict())
    layers[1].weight.lr_scale = 0.1  # type: ignore[attr-defined]
    moved = []
    for layer in layers:
        before = layer.weight.detach().clone()
        model = Classifier(splits.spec, nn.Sequential(nn.Flatten(), layer))
        hyperparameters = Hyperparameters(batch_size=256, momentum=0.0, weight_decay=0.0, lr=1e-3, warmup=0.0)
        training = Training(model, hyperparameters, epochs=1, seed=0, device=CPU)
        _, _, lr = train_epoch(training, Split(splits.train.inputs[:256], splits.train.targets[:256]), ())
        assert lr == 1e-3  # what is reported is that of the parameters without a scale
        moved.append((layer.weight.detach() - before).norm().item())
    assert moved[1] == pytest.approx(0.1 * moved[0], rel=1e-3)


def test_batches_in_two_halves_take_the_same_steps(splits: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what depends on how samples come together: batch normalisation, dropout and augmentation."""
    monkeypatch.setattr("tuner.training.device._has_bf16", lambda _: False)

    def train(*, halved: bool) -> tuple[Training, list[EpochMetrics]]:
        torch.manual_seed(0)
        model = build_classifier(splits.spec, "lenet", {"dropout": 0.0, "batch_norm": False})
        training = Training(model, Hyperparameters(batch_size=33, lr=0.05), epochs=3, seed=5, device=CPU)
        if halved:
            training.halved = 1
        with closing(fit(training, splits.train, splits.validation, ())) as epochs:
            return training, list(epochs)

    (whole, one), (halves, two) = train(halved=False), train(halved=True)
    assert (whole.halved, halves.halved) == (0, 1)
    for here, there in zip(numbers(one), numbers(two), strict=True):
        assert there == pytest.approx(here, rel=1e-4)
    for name, weight in whole.model.state_dict().items():
        torch.testing.assert_close(halves.model.state_dict()[name], weight, rtol=1e-3, atol=1e-5)
    again = start(splits)
    again.halved = 1
    other = start(splits)
    other.load_state_dict(through_a_file(again))
    assert other.halved == 1
