"""The pictures, also for what is awkward: many classes, hostile names, one trial, none that did well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import BarContainer
from support.figures import drawn, labels
from support.made_up_trials import config, record, texts, trials

from tuner.core.records import best_of
from tuner.core.summary import STATES
from tuner.report.figures import REPLACEMENT, STATE_COLOURS, figure_text
from tuner.report.figures_importance import draw_importance, draw_slices
from tuner.report.figures_samples import draw_samples
from tuner.report.figures_search import draw_curves, draw_history, draw_learning, draw_parallel
from tuner.report.not_shown import NotShown
from tuner.report.page_importance import importance_block
from tuner.report.page_search import curves_block
from tuner.report.search_series import NOT_USED, best_so_far, parallel_coordinates
from tuner.report.slices import slices
from tuner.search.importance import importance
from tuner.search.schedulers.asha import AshaScheduler
from tuner.search.schedulers.whole import WholeTrials
from tuner.search.space_file import space_of

SPACE = space_of(config())
ASHA = AshaScheduler(epochs=9, workers=1)


def test_a_model_of_another_epoch_than_the_kept_one_is_marked(tmp_path: Path) -> None:
    best = record(7, "COMPLETE", [0.2, 0.9, 0.5])
    for axes in drawn(draw_curves(best, 1), tmp_path).axes:
        assert labels(axes)[2:] == [
            "kept epoch, 2",
            "epoch of the saved model, 1",
        ]
    caption = curves_block(best, 1).caption
    assert (
        caption
        == "Trial 7. The saved model is the one after epoch 1, the one in its checkpoint. Epoch 2 was to be kept."
    )
    told = replace(best, kept={3: 2})
    assert curves_block(told, 2).caption.endswith("within one standard error, or one sample, of the best.")
    assert curves_block(best, 2).caption.endswith("epoch 2: the best one."), "of an earlier version"


def test_curves_show_loss_and_accuracy_and_mark_the_kept_epoch(tmp_path: Path) -> None:
    loss, accuracy = drawn(draw_curves(record(7, "COMPLETE", [0.2, 0.9, 0.5]), 2), tmp_path).axes
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert labels(accuracy) == ["training", "validation", "kept epoch, 2"]
    assert np.asarray(accuracy.lines[1].get_ydata()).tolist() == [0.2, 0.9, 0.5]


def test_history_colours_states_and_the_best_so_far_only_rises(tmp_path: Path) -> None:
    records = [
        record(0, "PRUNED", [0.5]),
        record(1, "FAIL", [0.99]),
        record(2, "FAIL", []),
        record(3, "COMPLETE", [0.4, 0.8]),
        record(4, "RUNNING", [0.6]),
    ]
    assert best_so_far(records) == ([0, 3], [0.5, 0.8])
    [axes] = drawn(draw_history(records), tmp_path).axes
    assert labels(axes) == ["done (1)", "waiting (1)", "pruned (1)", "failed (1)", "best so far"]
    assert "without a score: 1 trial" in axes.get_title()


def test_learning_curves_have_all_trials_and_the_rungs(tmp_path: Path) -> None:
    records = trials(12)
    best = best_of(records)
    assert best
    [axes] = drawn(draw_learning(records, best, ASHA, 9), tmp_path).axes
    assert {text.get_text() for text in axes.texts} == {"rung 1", "rung 3"}
    curves = [line for line in axes.lines if np.size(line.get_xdata()) > 2 or line.get_linestyle() == "-"]
    assert len(curves) == len(records) + 1  # the best is drawn again, above the others
    assert labels(axes)[0] == f"trial {best.number}, the best"


def test_importance_stands_before_what_noise_would_give(tmp_path: Path) -> None:
    [axes] = drawn(draw_importance(importance(trials(12), SPACE, 9, ASHA.rungs())), tmp_path).axes
    assert axes.get_yticklabels()[0].get_text() == "dropout"
    assert "after epoch 1" in axes.get_title()
    assert labels(axes) == ["what noise would give"]
    said = [text.get_text() for text in axes.texts]
    assert said[0].endswith("%, lower is better")
    assert all(text.endswith("%, too few trials to say") for text in said[1:])
    noise, shares = (container for container in axes.containers if isinstance(container, BarContainer))
    assert shares[0].get_width() > noise[0].get_width()
    assert all(bar.get_width() <= band.get_width() for bar, band in zip(shares[1:], noise[1:], strict=True))


def test_where_all_accuracies_are_equal_the_page_says_that_the_order_is_that_of_the_losses(tmp_path: Path) -> None:
    losses = [
        replace(each, values={1: 0.5}, metrics={1: {"val_loss": float(n % 7)}}) for n, each in enumerate(trials(12))
    ]
    found = importance(losses, SPACE, 9, ASHA.rungs())
    caption = importance_block(found).caption
    assert "of the order of the 12 trials by val_loss after epoch 1" in caption
    assert "They all had the same val_accuracy then" in caption
    [axes] = drawn(draw_importance(found), tmp_path).axes
    assert axes.get_title() == "parameter importance for val_loss after epoch 1, 12 trials"
    caption = importance_block(importance(trials(12), SPACE, 9, ASHA.rungs())).caption
    assert "by val_accuracy after epoch 1" in caption
    assert "They all" not in caption


def test_slices_show_the_scores_that_all_trials_have_over_each_parameter(tmp_path: Path) -> None:
    found, epoch, early = slices(trials(12), SPACE, 9, ASHA.rungs())
    assert (epoch, early) == (1, True)
    assert [each.name for each in found] == ["optimizer", "lr", "momentum", "dropout"]
    assert [len(each.points) for each in found] == [12, 12, 6, 12]
    figure = drawn(draw_slices(found, epoch, early), tmp_path)
    optimizer, lr, *_ = figure.axes
    assert [label.get_text() for label in optimizer.get_xticklabels()] == ["sgd", "adam"]
    assert lr.get_xscale() == "log"
    assert max(point.score for each in found for point in each.points) <= 0.9  # none is of a later epoch
    with pytest.raises(NotShown, match="no trial has reached epoch 1"):
        slices([record(0, "FAIL", [])], SPACE, 9, ASHA.rungs())


def test_parallel_coordinates_have_a_place_for_a_parameter_that_is_not_used(tmp_path: Path) -> None:
    found = parallel_coordinates(trials(12), SPACE)
    assert [axis.name for axis in found.axes] == ["optimizer", "lr", "momentum", "dropout", "val_accuracy"]
    by_number = {line.record.number: line.places for line in found.lines}
    assert by_number[1][2] == NOT_USED  # adam has no momentum
    assert by_number[0][2] >= 0
    assert (found.lines[0].places[-1], found.lines[-1].places[-1]) == (0, 1)  # from the worst to the best
    [axes] = drawn(draw_parallel(found), tmp_path).axes
    assert len([line for line in axes.lines if np.size(line.get_xdata()) == 5]) == len(found.lines)


def test_one_trial_is_drawn_and_none_is_said_so(tmp_path: Path) -> None:
    alone = [record(0, "COMPLETE", [0.5], optimizer="sgd", lr=0.1, momentum=0.9, dropout=0.1)]
    drawn(draw_parallel(parallel_coordinates(alone, SPACE)), tmp_path)
    drawn(draw_history(alone), tmp_path)
    drawn(draw_learning(alone, alone[0], WholeTrials(), 1), tmp_path)
    drawn(draw_curves(alone[0], 1), tmp_path)
    with pytest.raises(NotShown, match="no trial has a score"):
        parallel_coordinates([record(0, "FAIL", [0.9]), record(1, "FAIL", [])], SPACE)


def test_attention_marks_words_and_its_absence_marks_none(tmp_path: Path) -> None:
    marked, plain_one = (draw_samples(texts(["good", "bad"], attention=weights)).axes[0] for weights in (True, False))
    assert len(marked.patches) > 20
    assert not plain_one.patches


def test_text_is_drawn_as_it_is() -> None:
    assert figure_text("a $\\frac{1}$ b") == "a \\$\\frac{1}\\$ b"
    assert figure_text("two\nlines") == "two lines"
    assert figure_text("\U0001f984") == REPLACEMENT
    assert figure_text("x" * 50, 10) == "x" * 9 + "…"


def test_every_state_of_a_trial_has_a_word_and_a_colour() -> None:
    made = [record(n, state, [0.5]) for n, state in enumerate(("COMPLETE", "RUNNING", "PRUNED", "FAIL"))]
    assert (
        {each.word for each in (*made, replace(made[1], live=True))} == set(STATE_COLOURS) == set(STATES) - {"queued"}
    )
    assert len(set(STATE_COLOURS.values())) == len(STATE_COLOURS)
