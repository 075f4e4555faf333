"""What each model of a sweep of several got and gave: a table, and the best score of each as the search went on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuner.core.records import TrialRecord
from tuner.core.score_text import difference_text, score_text
from tuner.core.scores import Interval
from tuner.core.several_models import equal_time_text
from tuner.core.units import format_seconds
from tuner.report.figures_models import colour_of
from tuner.report.model_series import ModelSeries
from tuner.report.page import Block, Chart, chart_text, render_table

HEADER = ("model", "trials", "epochs", "time", "weights", "best score", "trial", "against it the winner is")


def models_block(
    series: Sequence[ModelSeries], samples: int | None, default: bool, passes: Mapping[str, float] | None = None
) -> Block:
    """A row for each model.

    Args:
        series: the models.
        samples: of the validation split, for the error of an accuracy.
        default: whether the default of each model was trained in full.
        passes: over the training samples in an epoch, by the name of a model, where they were compared in equal times.
    """
    total = max(1, sum(each.epochs for each in series))
    rows = [_row(each, total, samples) for each in series]
    whole = "The default of each model was trained in full. All other trials" if default else "All trials"
    caption = (
        f"{whole} were compared at the "
        "same rungs, so that models that did better got more of the epochs. The best trial of a model was chosen for "
        "its score, of as many trials as the table says: of more trials it is better by luck, too. The last column "
        "compares the winner with it on the same validation samples, with a 95 % interval."
        f"{f' Models were compared {equal_time_text(passes)}.' if passes else ''}"
    )
    return Block(caption=caption, charts=(_chart(series),), html=render_table(HEADER, rows))


def _row(series: ModelSeries, total: int, samples: int | None) -> list[str]:
    best = series.best
    return [
        series.name,
        str(len(series.trials)),
        f"{series.epochs} ({series.epochs / total:.0%})",
        format_seconds(series.seconds) if series.seconds else "",
        f"{series.weights:,}" if series.weights is not None else "",
        _score(best, samples) if best else "none",
        f"{best.number}, epoch {best.best_epoch}" if best else "",
        _against(series),
    ]


def _score(best: TrialRecord, samples: int | None) -> str:
    if not samples or not best.goal.by_accuracy:
        return best.score_text()
    from tuner.training.score_error import wilson  # noqa: PLC0415 - imports scipy

    found: Interval = wilson(best.score * samples, samples)
    return score_text(best.score, found)


def _against(series: ModelSeries) -> str:
    if series.against is None:
        return ""
    found = series.against
    return difference_text(found.difference) if found.difference else f"not compared: {found.missing}"


def _chart(series: Sequence[ModelSeries]) -> Chart:
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": chart_text(each.name),
            "x": [done for done, _ in each.curve],
            "y": [score for _, score in each.curve],
            "line": {"color": colour_of(place), "shape": "hv"},
            "marker": {"size": 5},
            "hovertemplate": f"{chart_text(each.name)}: %{{y:.4f}} after %{{x}} epochs of the search<extra></extra>",
        }
        for place, each in enumerate(series)
        if each.curve
    ]
    name = next(each.best.goal.watched.name for each in series if each.best)
    layout = {
        "margin": {"l": 60, "r": 10, "t": 30, "b": 50},
        "xaxis": {"title": {"text": "epochs of the whole search", "standoff": 10}},
        "yaxis": {"title": {"text": f"best {name} so far"}},
        "showlegend": True,
        "hovermode": "closest",
    }
    return {"data": traces, "layout": layout, "height": 360}
