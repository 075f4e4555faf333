"""What the replayed searches came to: means with their standard errors, as JSON and as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from replay.workers import Replayed

END = "end"
Outcomes = Mapping[str, Mapping[int, Replayed]]
"""By method and seed."""
Json = dict[str, Any]


def summary(found: Outcomes, budgets: Sequence[int], baseline: str | None) -> Json:
    """Of one table: by method `mean` and `se` at each budget, and what else is known of its searches."""
    return {name: _method(found, name, budgets, baseline) for name in found}


def _method(found: Outcomes, name: str, budgets: Sequence[int], baseline: str | None) -> Json:
    by_seed = found[name]
    result: Json = {}
    for budget in [*budgets] or [0]:
        scores = [by_seed[seed].scores[budget] for seed in sorted(by_seed)]
        result[label(budget)] = {**mean_and_error(scores), "scores": [round(score, 5) for score in scores]}
        if baseline is not None and baseline != name:
            others = [found[baseline][seed].scores[budget] for seed in sorted(by_seed)]
            less = [score - other for score, other in zip(scores, others, strict=True)]
            result.setdefault(f"minus {baseline}", {})[label(budget)] = mean_and_error(less)
    reached = sorted(each.near if each.near is not None else math.inf for each in by_seed.values())
    middle = float(np.quantile(reached, 0.5, method="higher"))
    result["epochs_to_best"] = {
        "reached": sum(each < math.inf for each in reached),
        "of": len(reached),
        "median": int(middle) if middle < math.inf else None,
    }
    result["epochs"] = mean_and_error([each.epochs for each in by_seed.values()])
    result["trials"] = mean_and_error([each.trials for each in by_seed.values()])
    return result


def label(budget: int) -> str:
    """The key of a budget; 0 is the end of a search that ends by itself."""
    return str(budget) if budget else END


def mean_and_error(values: Sequence[float]) -> dict[str, float]:
    """`mean` and its standard error `se`.

    >>> mean_and_error([1.0, 3.0])
    {'mean': 2.0, 'se': 1.0}
    """
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return {"mean": round(float(np.mean(values)), 6), "se": round(error, 6)}


def text(name: str, result: Json, budgets: Sequence[int], baseline: str | None) -> str:
    """The table that is printed: test accuracies, then the differences to the baseline in units of 0.0001."""
    labels = [label(budget) for budget in budgets] or [END]
    seeds = len(next(iter(result.values()))[labels[0]]["scores"])
    wide = max(map(len, result))
    lines = [f"{name}: test accuracy of what is returned, {seeds} seeds"]
    lines += [f"{'':{wide}}  " + "".join(f"{each:>16}" for each in labels) + "   near the best  epochs  trials"]
    for method, row in result.items():
        cells = "".join(f"{row[each]['mean']:>10.4f} ±{row[each]['se']:.4f}"[:17].rjust(16) for each in labels)
        near = row["epochs_to_best"]
        reached = f"{near['median'] or '-'} ({near['reached']}/{near['of']})"
        lines.append(f"{method:{wide}}  {cells}{reached:>16}{row['epochs']['mean']:>8.0f}{row['trials']['mean']:>8.0f}")
    if baseline is not None and len(result) > 1:
        lines.append(f"minus {baseline}, paired by seed, in 0.0001")
        less = {method: row[f"minus {baseline}"] for method, row in result.items() if f"minus {baseline}" in row}
        lines += differences(less, wide)
    return "\n".join(lines)


def differences(less: Mapping[str, Json], wide: int) -> list[str]:
    """A line for each method."""
    return [
        f"{method:{wide}}  "
        + "".join(f"{1e4 * each['mean']:+.0f} ±{1e4 * each['se']:.0f}".rjust(16) for each in row.values())
        for method, row in less.items()
    ]
