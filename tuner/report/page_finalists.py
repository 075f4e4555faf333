"""The section of the finalists: what other seeds gave, and which of them is the best by that."""

from __future__ import annotations

from tuner.core.finalists import Finalist, Finalists
from tuner.core.finalists_text import decision_text
from tuner.core.objective import METRICS
from tuner.core.score_text import decimals, interval_text
from tuner.report.page import Block, render_table


def finalists_block(found: Finalists) -> Block:
    """A table with a row for each finalist, the one with the best mean first."""
    seeds = [f"fold {place}" if found.folds else f"seed {seed}" for place, seed in enumerate(found.seeds, 1)]
    headings = ["trial", f"mean {found.objective}", "95 % interval", "sd", *seeds, "in the search"]
    said = decision_text(found)
    again = "on folds of the samples" if found.folds else "with other seeds"
    lines = [f"The best trials of the search, trained again {again}: {said}."]
    lines += [f"Trial {each.trial} is not compared: {each.failed}." for each in found.trials if each.failed]
    return Block(caption=" ".join(lines), html=render_table(headings, [_row(found, each) for each in found.trials]))


def _row(found: Finalists, each: Finalist) -> list[str]:
    shown, score = METRICS[found.objective].text, each.score
    if score is None:
        return [str(each.trial), "not compared", "", "", *("" for _ in found.seeds), shown(each.own)]
    interval = interval_text(score.interval) if score.interval and score.sd else ""
    sd = "" if score.sd is None else f"{score.sd:.{decimals(score.interval)}f}"
    return [str(each.trial), shown(score.mean), interval, sd, *map(shown, score.values), shown(each.own)]
