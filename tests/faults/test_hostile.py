"""Bad and hostile input of every kind ends in one clear line, or in a skip that is counted, and never otherwise."""

from __future__ import annotations

import pytest

from faults.hostile.ends import End, Kind, tally
from faults.hostile.kinds import KINDS
from faults.ledger import Ledger


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_bad_input_ends_well(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNER_DATA", raising=False)
    ends = tally(kind, kind.examples)
    assert ends[End.ACCEPTED] < 0.8 * ends.total(), "the inputs are not as bad as they were meant"


@pytest.mark.faults
@pytest.mark.proof
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_much_more_bad_input_ends_well(kind: Kind, ledger: Ledger) -> None:
    ends = tally(kind, 20 * kind.examples)
    ledger.enter_inputs(kind.name, {str(end): ends[end] for end in End})
