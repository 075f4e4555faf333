"""Ensembles and soups: which models are chosen, what that is said to be worth, and the mean as one saved model."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch
from support.common import make_config, make_record
from support.exports import MODELS, raw_samples, small_model

from tuner.core.ensemble import Gain, Mixture, Picked
from tuner.core.ensemble_text import gain_text, mixture_lines
from tuner.core.errors import TunerError
from tuner.core.kept_checkpoints import only_best, with_ensemble
from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier, predict_logits
from tuner.training.ensemble_model import Part, save_ensemble
from tuner.training.ensemble_selection import crossed, gain_of, losses_of, make_folds, mix, select
from tuner.training.export_graph import make_program
from tuner.training.exported_model import load_exported
from tuner.training.model_description import ModelDescription
from tuner.training.open_model import open_model
from tuner.training.pt2_file import write_pt2
from tuner.training.saved_model import answers, load_model
from tuner.training.score_error import Floats
from tuner.training.soup import average_weights, greedy_soup

CLASSES = small_model("a table")[1]
NUMBERS = small_model("numbers")[1]
SAMPLES = 300


def forbidden(*_: object, **__: object) -> NoReturn:
    raise AssertionError("something is unpickled")


def noisy(targets: np.ndarray, right: float, seed: int) -> Floats:
    """(samples, 3) probabilities of a model that is right on a share of the samples, and as sure where it is wrong."""
    rng = np.random.default_rng(seed)
    said = np.where(rng.random(len(targets)) < right, targets, rng.integers(0, 3, len(targets)))
    found: Floats = 0.1 + 0.7 * np.eye(3)[said]
    return found


@pytest.fixture(scope="module")
def targets() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 3, SAMPLES)


def everywhere() -> np.ndarray:
    return np.ones(SAMPLES, dtype=bool)


def test_models_that_err_elsewhere_are_mixed_and_a_poor_one_is_left_out(targets: np.ndarray) -> None:
    pool = np.stack([*(noisy(targets, 0.7, seed) for seed in (1, 2, 3)), noisy(targets, 0.0, 4)])
    losses = losses_of(CLASSES, targets)
    weights = select(pool, losses, 5, everywhere())
    assert weights.sum() == pytest.approx(1)
    assert (weights[:3] > 0.15).all()
    assert weights[3] < 0.1
    alone = [float(losses(each).mean()) for each in pool]
    assert float(losses(mix(pool, weights)).mean()) < min(alone) - 0.05
    assert np.array_equal(select(pool, losses, 5, everywhere()), weights), "the same every time"
    two = select(pool, losses, 2, everywhere())
    assert int((two > 0).sum()) == 2


def test_a_mixture_of_better_answers_wins_and_its_gain_is_not_that_on_its_own_samples(targets: np.ndarray) -> None:
    pool = np.stack([noisy(targets, 0.7, seed) for seed in range(6)])
    losses, folds = losses_of(CLASSES, targets), make_folds(targets)
    found = crossed(lambda on: mix(pool, select(pool, losses, 5, on)), folds)
    gain = gain_of(CLASSES, targets, pool[0], found, mix(pool, select(pool, losses, 5, everywhere())))
    assert gain.wins
    assert gain.difference.better
    assert gain.loss_interval.low > 0
    assert gain.crossed > gain.single + 0.05
    assert gain_text(gain).startswith("better by ")


def test_a_choice_among_equals_does_not_win(targets: np.ndarray) -> None:
    """Thirty models that know nothing: on its own samples the mixture is better than the first one, by chance alone."""
    pool = np.stack([noisy(targets, 0.0, seed) for seed in range(30)])
    losses, folds = losses_of(CLASSES, targets), make_folds(targets)
    weights = select(pool, losses, 5, everywhere())
    chosen = mix(pool, weights)
    found = crossed(lambda on: mix(pool, select(pool, losses, 5, on)), folds)
    assert float(losses(chosen).mean()) < float(losses(found).mean())
    assert not gain_of(CLASSES, targets, chosen, found, chosen).wins, "crossed answers are no better than these"


def test_each_sample_is_answered_by_a_choice_that_has_not_seen_it(targets: np.ndarray) -> None:
    folds = make_folds(targets, 10)
    assert (np.stack(folds).sum(0) == 1).all()
    shares = np.array([[(targets[fold] == label).sum() for label in range(3)] for fold in folds])
    assert (shares.max(0) - shares.min(0) <= 1).all(), "the classes in proportion"
    answers_by_choice = crossed(lambda on: on.astype(np.float64)[:, None] * np.ones((1, 3)), folds)
    assert (answers_by_choice == 0).all()


def test_means_of_numbers_win_by_their_r2() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(250_000, 80_000, SAMPLES)
    pool = np.stack([(truth + rng.normal(0, 50_000, SAMPLES))[:, None] for _ in range(4)])
    losses = losses_of(NUMBERS, truth)
    folds = make_folds(np.argsort(np.argsort(truth)) // 30)
    found = crossed(lambda on: mix(pool, select(pool, losses, 5, on)), folds)
    gain = gain_of(NUMBERS, truth, pool[0], found, found)
    assert gain.wins
    assert gain.difference.of == "r2"
    assert gain.crossed > gain.single + 0.1


def test_no_gain_is_said_and_not_kept() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, SAMPLES)
    one = noisy(labels, 0.8, 1)
    gain = gain_of(CLASSES, labels, one, one, one)
    assert not gain.wins
    members = (Picked(key="3", model="mlp", share=0.6), Picked(key="0", model="mlp", share=0.4))
    lines = mixture_lines(Mixture(kind="ensemble", members=members, gain=gain, samples=SAMPLES), 3)
    assert lines[0] == "ensemble  2 models: 60% 3, 40% 0"
    assert "equal within noise" in lines[1]
    assert "not kept" in lines[2]
    raw = json.loads(json.dumps(Mixture(kind="ensemble", members=members, gain=gain, samples=9).to_json()))
    assert Mixture.from_json(raw) == Mixture(kind="ensemble", members=members, gain=gain, samples=9)
    assert isinstance(Mixture.from_json(raw).gain, Gain)


def two_models(name: str) -> tuple[list[Classifier], DataSpec]:
    first, data = small_model(name)
    second = small_model(name)[0]
    with torch.no_grad():
        for parameter in second.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(7)))
    return [first, second.eval()], data


def saved(folder: Path, name: str, shares: tuple[float, float] = (0.75, 0.25)) -> tuple[list[Classifier], DataSpec]:
    models, data = two_models(name)
    _, title, arguments = MODELS[name]
    parts = [Part(title, arguments, each.state_dict(), share) for each, share in zip(models, shares, strict=True)]
    save_ensemble(folder, data, parts)
    return models, data


@pytest.mark.parametrize("name", ["images", "numbers", "texts"])
def test_a_saved_ensemble_answers_the_weighted_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for function in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, function, forbidden)
    models, data = saved(tmp_path / "m", name)
    ensemble, read = open_model(tmp_path / "m")
    assert read == data
    assert {path.name for path in (tmp_path / "m").iterdir()} == {"weights.safetensors", "model.json"}
    raw = raw_samples(data, 9)
    outputs = [predict_logits(each, raw).double() for each in models]
    found = predict_logits(ensemble, raw).double()
    if data.number is None:
        outputs, found = [torch.softmax(each, 1) for each in outputs], torch.softmax(found, 1)
    assert torch.allclose(found, 0.75 * outputs[0] + 0.25 * outputs[1], atol=1e-6)
    if data.task == "image":
        frame = answers(ensemble, data, raw.numpy())
        assert frame.to_numpy() == pytest.approx(found.numpy(), abs=1e-6)


def test_an_ensemble_of_texts_with_other_lengths_can_be_exported(tmp_path: Path) -> None:
    first, data = small_model("texts")
    second = small_model("whole texts")[0]
    parts = [
        Part(MODELS[name][1], MODELS[name][2], each.state_dict(), 0.5)
        for name, each in (("texts", first), ("whole texts", second))
    ]
    save_ensemble(tmp_path / "m", data, parts)
    ensemble, _ = open_model(tmp_path / "m")
    record = ModelDescription.load(tmp_path / "m").to_text()
    write_pt2(make_program(ensemble, data), record, tmp_path / "m.pt2")
    exported, read = load_exported(tmp_path / "m.pt2")
    assert read == data
    for batch in (1, 7):
        raw = raw_samples(data, batch, seed=batch)
        before, after = (torch.softmax(predict_logits(each, raw), 1) for each in (ensemble, exported))
        assert float((before - after).abs().max()) < 1e-5


def test_impossible_members_are_refused(tmp_path: Path) -> None:
    saved(tmp_path / "m", "numbers")
    good = ModelDescription.load(tmp_path / "m")
    for members in ((), (replace(good.members[0], weight=0.9), good.members[1])):
        replace(good, members=members).save(tmp_path / "m")
        with pytest.raises(TunerError, match="'members' has an impossible value"):
            open_model(tmp_path / "m")
    good.save(tmp_path / "m")
    assert open_model(tmp_path / "m")[1] == good.data
    with pytest.raises(TunerError, match="unknown"):
        load_model(tmp_path / "m")


def test_weights_are_averaged_and_counters_are_not() -> None:
    values = (([1.0, 3.0], 5), ([2.0, 5.0], 9))
    states = [{"a": torch.tensor(weights), "n": torch.tensor(count)} for weights, count in values]
    found = average_weights(states)
    assert found["a"].tolist() == [1.5, 4.0]
    assert found["n"].item() == 5
    assert states[0]["a"].tolist() == [1.0, 3.0]


def test_a_greedy_soup_keeps_what_does_not_harm() -> None:
    values = np.array([0.0, 0.3, -0.8, 9.0])  # models of one number; the best answer is 0.1
    losses = lambda found: (found[:, 0] - 0.1) ** 2  # noqa: E731
    soup = greedy_soup(4, lambda places: np.full((5, 1), values[list(places)].mean()), losses, np.ones(5, dtype=bool))
    assert soup == (0, 1), "the best answer is between 0 and 0.3, and each other one leads away from it"


def test_a_sweep_keeps_the_checkpoints_that_its_ensemble_may_have() -> None:
    records = [make_record(number, "COMPLETE", {1: {"val_accuracy": number / 100}}) for number in range(20)]
    plain, asked = make_config(), make_config(ensemble=2)
    assert with_ensemble(plain, only_best)(records) == only_best(records) == {19}
    assert with_ensemble(asked, only_best)(records) == set(range(14, 20)), "three for each of its models"
