"""What is said of an ensemble or a soup: the same at the end of a sweep and by `tuner ensemble`."""

from __future__ import annotations

from tuner.core.ensemble import Gain, Mixture
from tuner.core.score_text import difference_text, shown_score
from tuner.core.units import counted, format_number


def mixture_lines(mixture: Mixture, winner: int) -> list[str]:
    """Who is in it, what it gains, what it costs and where it is."""
    members = ", ".join(
        f"{each.share:.0%} {each.key}" if mixture.kind == "ensemble" else each.key for each in mixture.members
    )
    lines = [f"{mixture.kind:<8}  {counted(len(mixture.members), 'model')}: {members}"]
    if mixture.gain is None:
        which = "the winner" if mixture.members[0].key == str(winner) else f"trial {mixture.members[0].key}"
        return [*lines, f"          nothing that is added to {which} makes the validation loss lower"]
    lines.append(f"          on {mixture.samples:,} validation samples it is {gain_text(mixture.gain)}")
    if mixture.test is None or mixture.test_difference is None:
        return [*lines, "          so it is not kept, and not tested (--anyway does both)"]
    kind = mixture.test.kind
    lines.append(
        f"          test {kind.label} {shown_score(mixture.test, kind.score)}; than the winner's it is "
        f"{difference_text(mixture.test_difference)}"
    )
    lines.append(f"          {cost_text(mixture)}")
    place = mixture.model.uri if mixture.model else f"{mixture.folder} in the sweep's folder, not registered"
    return [*lines, f"          {place}"]


def gain_text(gain: Gain) -> str:
    """`equal within noise (-0.3 to 0.9 points), and its loss is lower by 0.012 (0.004 to 0.020)`."""
    low, high = gain.loss_interval
    size = f"by {abs(gain.loss):.3g}"
    if low > 0:
        loss = f"its loss is lower {size} ({low:.2g} to {high:.2g})"
    elif high < 0:
        loss = f"its loss is higher {size} ({-high:.2g} to {-low:.2g})"
    else:
        loss = f"its loss is equal within noise ({low:.2g} to {high:.2g} lower)"
    return f"{difference_text(gain.difference)}, and {loss}"


def cost_text(mixture: Mixture) -> str:
    """`it takes 12 MB, and 5.1 ms in place of 1.2 ms for one sample`."""
    times = [
        f"{mixed:.3g} ms in place of {own:.3g} ms for {counted(int(batch), 'sample')}"
        for batch, (own, mixed) in mixture.latency_ms.items()
    ]
    return f"it takes {', '.join([format_number(mixture.bytes, 'B'), *times])}"


def offer_lines(mixture: Mixture) -> list[str]:
    """For the end of a sweep: where it is and what it gains, or that there is no gain."""
    if mixture.gain is None:
        return [f"{mixture.kind}: no mixture has a lower validation loss than one model"]
    gained = f"on {mixture.samples:,} validation samples it is {gain_text(mixture.gain)}"
    if mixture.test is None:
        return [f"{mixture.kind} of {counted(len(mixture.members), 'model')}: {gained}: it is not kept"]
    place = mixture.model.uri if mixture.model else f"{mixture.folder} in the sweep's folder"
    return [f"{mixture.kind} of {counted(len(mixture.members), 'model')}, {place}: {gained}; {cost_text(mixture)}"]
