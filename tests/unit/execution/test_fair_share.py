"""Who is on a cluster, whatever the clocks say."""

from __future__ import annotations

from tuner.execution.fair_share import GONE_S, ActiveSweeps

A, B = b"a", b"b"


def test_who_stays_silent_is_gone_and_comes_back_with_the_next_beat() -> None:
    present = ActiveSweeps()
    for beat in range(int(GONE_S) + 1):
        found = present.look({A: b"%d" % beat, B: b"1"}, now=1000.0 + beat)
        assert found == ({A, B} if beat < GONE_S else {A})
    assert present.look({A: b"31", B: b"2"}, now=1100.0) == {A, B}


def test_what_a_dead_driver_has_left_counts_no_longer_than_a_while_for_one_who_comes_later() -> None:
    later = ActiveSweeps()
    assert later.look({A: b"7"}, now=5.0) == {A}
    assert later.look({A: b"7"}, now=5.0 + GONE_S) == set()
    assert later.look({}, now=6.0 + GONE_S) == set()
