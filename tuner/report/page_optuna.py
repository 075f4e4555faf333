"""The table of what Optuna's importance evaluators say, beside the report's own importance."""

from __future__ import annotations

from tuner.core.units import counted
from tuner.report.page import Block, render_table
from tuner.search.optuna_importance import SEEDS, OptunaImportance


def optuna_block(found: OptunaImportance) -> Block:
    """A row for each parameter, with what the two columns mean, and what they cannot tell."""
    rows = [
        [
            each.name,
            f"{each.fanova:.0%} ± {each.fanova_spread:.0%}".replace("%", " %"),
            f"{each.ped_anova:.0%}".replace("%", " %"),
        ]
        for each in found.parameters
    ]
    left_out = f" Left out, since not all trials have them: {', '.join(found.left_out)}." if found.left_out else ""
    forest = f", each grown on {found.in_forest} trials drawn at random" if found.in_forest < found.trials else ""
    caption = (
        "The shares of each column sum to 100 %. fANOVA: how much of the differences between scores over the whole "
        "space a parameter explains, in a random forest (± is the deviation over "
        f"{SEEDS} seeds of the forest, not over other trials{forest}). PED-ANOVA: how much the best tenth of the "
        "trials differs from all in this parameter. Both are computed on the scores of "
        f"{counted(found.trials, 'trial')}, extrapolated to the last epoch. Neither says how much is noise: where no "
        "parameter matters the shares sum to 100 %, too. Read them beside the bars with the band of noise."
        f"{left_out}"
    )
    return Block(caption=caption, html=render_table(("parameter", "fANOVA", "PED-ANOVA"), rows, "shares"))
