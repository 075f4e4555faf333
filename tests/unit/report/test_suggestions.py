"""What a page suggests, and what it calls that."""

from __future__ import annotations

from dataclasses import replace

from support.made_up_trials import findings, images, record, trials

from tuner.report.suggestions import SAME, suggest
from tuner.search.advice import NOTHING_LEARNT


def test_changes_after_a_sweep_that_learnt_nothing_are_things_to_try() -> None:
    found = findings(trials(12), images(["cat", "dog"], 20))
    advice, command, purpose = suggest(found)
    assert (purpose, command) == (SAME, f"tuner confirm {found.config.name} --seeds 5")
    assert NOTHING_LEARNT not in advice.remarks
    at_chance = replace(found, result={**(found.result or {}), "validation": {"better": False}})
    advice, _, purpose = suggest(at_chance)
    assert (purpose, advice.max_epochs) == ("A sweep to try next:", 3 * found.config.epochs)
    assert advice.remarks[0] == NOTHING_LEARNT
    assert not any("over- or underfitting" in remark for remark in advice.remarks)


def test_the_command_that_goes_on_gives_more_of_a_budget_that_is_used_up() -> None:
    used = {"limit": 20, "left": 0, "text": "0 of 20 epochs left", "more": "--epoch-budget 40"}
    rising = [record(n, "COMPLETE", [0.1 * epoch for epoch in range(1, 10)], dropout=n / 30) for n in range(12)]
    found = findings(rising, images(["cat", "dog"], 20), epochs=9, epoch_budget=20)
    found = replace(found, result={**(found.result or {}), "budgets": {"epoch_budget": used}})
    _, command, _ = suggest(found)
    assert command.startswith(f"tuner resume {found.config.name} ")
    assert command.endswith(" --epoch-budget 40")
