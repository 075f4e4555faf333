"""How the numbers of a target are distributed, in a few numbers: for people who look at their data."""

from __future__ import annotations

from typing import Any

from torch import Tensor

BARS = 30


def distribution(targets: Tensor) -> dict[str, Any]:
    """Mean, standard deviation, quartiles and a histogram of (samples,) numbers, in their unit, as JSON holds them."""
    values = targets.double()
    least, greatest = float(values.min()), float(values.max())
    quartiles = [float(values.quantile(share)) for share in (0.25, 0.5, 0.75)]
    counts = values.histc(BARS, min=least, max=greatest) if greatest > least else values.new_tensor([len(values)])
    return {
        "mean": float(values.mean()),
        "std": float(values.std(correction=0)),
        "least": least,
        "quartiles": quartiles,
        "greatest": greatest,
        "histogram": [int(count) for count in counts],
    }
