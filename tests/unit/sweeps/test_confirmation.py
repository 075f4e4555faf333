"""The plan of a confirmation and what its trainings came to, for one trial and for several."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from support.common import make_config, make_record
from support.made_up_scores import made_up_winner

from tuner.cli.confirm_output import print_confirming
from tuner.core.config import SweepConfig
from tuner.core.confirm_request import ConfirmRequest
from tuner.core.confirmation import Confirmation, ConfirmPlan, Spread
from tuner.core.confirmation_text import confirmed_text, mean_test_text
from tuner.core.errors import TunerError
from tuner.core.exploit import Exploit
from tuner.core.files import write_checked_json
from tuner.core.objective import plain_goal
from tuner.core.records import TrialRecord
from tuner.core.scores import Interval
from tuner.core.sweep_folder import SweepFolder
from tuner.core.sweep_request import SweepRequest
from tuner.core.threshold import Change, Threshold
from tuner.execution.jobs.upload import command_words
from tuner.search.study_reader import read_records
from tuner.search.summary import summarise
from tuner.sweeps.confirmation import confirmations, is_pending, plan_more, seeds_after
from tuner.sweeps.confirming import Confirming
from tuner.sweeps.looks import count_looks
from tuner.sweeps.status import Status

TRIALS = (make_record(3, "COMPLETE", {}), make_record(5, "PRUNED", {}))


def scored(number: int, *scores: float, state: str = "COMPLETE") -> TrialRecord:
    metrics = {
        epoch: {"val_accuracy": score, "val_loss": 1 - score, "time": 1.0} for epoch, score in enumerate(scores, 1)
    }
    return make_record(number, state, metrics, "" if state == "COMPLETE" else "it exploded")


def test_several_trials_are_confirmed_with_the_same_seeds_and_each_by_its_own() -> None:
    plan = ConfirmPlan.of(TRIALS, [1, 2], reshuffle=False, test="winner")
    assert [(point.trial, point.seed) for point in plan.points] == [(3, 1), (5, 1), (3, 2), (5, 2)]
    records = [scored(0, 0.8, 0.7), scored(1, 0.5), scored(2, 0.6), scored(3, 0.1, state="FAIL")]
    found = confirmations(plan, records)
    assert found[3].score
    assert (found[3].seeds, found[3].score.values, found[3].failed) == ((1, 2), (0.8, 0.6), ())
    assert found[5].score == Spread(values=(0.5,), mean=0.5)
    assert (found[5].asked, found[5].failed) == (2, ("1 x it exploded",))
    assert confirmations(plan, [])[3].score is None
    failed = [replace(scored(0, state="FAIL"), goal=plain_goal("regression"))]
    assert confirmations(plan, failed)[3].metric == "val_r2"
    for each in found.values():
        assert Confirmation.from_json(each.to_json()) == each


def test_a_training_has_its_point_whenever_it_is_asked_for(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    plan = ConfirmPlan.of(TRIALS[:1], [7, 8], reshuffle=True, test="mean")
    plan.save(folder)
    assert ConfirmPlan.load(folder) == plan
    confirming = Confirming(make_config(), folder, plan)
    assert confirming.study.ask() == (0, TRIALS[0].parameters)
    assert confirming.study.ask() == (1, TRIALS[0].parameters)
    again = Confirming(make_config(), folder, plan)
    assert again.study.reissue(1) == (1, TRIALS[0].parameters)
    assert [record.key for record in again.records()] == [f"confirm-{plan.uid}-0", f"confirm-{plan.uid}-1"]
    assert again.record(f"confirm-{plan.uid}-1").confirms == 8
    assert read_records(folder.journal) == []  # the sweep's own study


def test_a_trial_that_changed_while_it_trained_is_not_confirmed(tmp_path: Path) -> None:
    taken = Exploit(epoch=1, donor=1, before={"lr": 0.1}, after={"lr": 0.2})
    trial = replace(TRIALS[0], exploits=(taken,))
    with pytest.raises(TunerError, match=r"^trial \d of demo changed while it trained \(pbt\)"):
        plan_more(make_config(), SweepFolder(tmp_path), trial, ConfirmRequest(seeds=2))


def test_more_seeds_are_added_and_what_differs_is_refused(tmp_path: Path) -> None:
    config, folder, trial = make_config(seed=2**31 - 2), SweepFolder(tmp_path), TRIALS[0]
    plan = plan_more(config, folder, trial, ConfirmRequest(seeds=2))
    assert plan.seeds == (2**31 - 1, 0)
    plan.save(folder)
    more = plan_more(config, folder, trial, ConfirmRequest(seeds=3))
    assert (more.points[:2], more.seeds) == (plan.points, (2**31 - 1, 0, 1))
    for seeds, reshuffle, test in ((1, False, "winner"), (2, False, "winner"), (3, True, "winner"), (3, False, "mean")):
        with pytest.raises(TunerError, match=r"^the sweep demo was confirmed with "):
            plan_more(config, folder, trial, ConfirmRequest(seeds=seeds, reshuffle=reshuffle, test=test))
    with pytest.raises(
        TunerError, match=r"^the sweep demo was confirmed with --seeds 2 --test-by winner; to confirm it anew, "
    ):
        plan_more(config, folder, TRIALS[1], ConfirmRequest(seeds=3))
    folder.confirm_plan.write_text(folder.confirm_plan.read_text().replace("points", "pints"))
    with pytest.raises(TunerError, match=r"plan.json is damaged"):
        ConfirmPlan.load(folder)


def test_another_plan_with_as_many_seeds_is_still_to_be_done(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    plans = [ConfirmPlan.of(TRIALS[:1], [1, 2], reshuffle=reshuffle, test="mean") for reshuffle in (False, True)]
    plans[0].save(folder)
    found = confirmations(plans[0], [scored(0, 0.5), scored(1, 0.6)])[3]
    write_checked_json(folder.result, {"confirm": found.to_json()})
    assert not is_pending(folder)
    plans[1].save(folder)
    assert is_pending(folder)
    old = {name: value for name, value in found.to_json().items() if name not in ("plan", "tested_before")}
    assert Confirmation.from_json(old) == replace(found, plan="")
    write_checked_json(folder.result, {"confirm": old})
    replace(plans[0], uid="").save(folder)
    assert not is_pending(folder)


def test_before_the_end_there_is_no_interval_where_each_seed_has_its_own_split() -> None:
    records = [scored(0, 0.5), scored(1, 0.6)]
    plan, alike = (ConfirmPlan.of(TRIALS[:1], [1, 2], reshuffle=each, test="winner") for each in (True, False))
    now, end, same = (
        confirmations(of, records, overlap=overlap)[3].score
        for of, overlap in ((plan, None), (plan, 0.25), (alike, 0.25))
    )
    assert now
    assert end
    assert same
    assert (now.interval, now.sd, now.mean) == (None, end.sd, end.mean)
    assert same == confirmations(alike, records)[3].score
    assert end.interval
    assert same.interval
    assert end.interval.high >= same.interval.high
    text = confirmed_text(replace(confirmations(plan, records)[3], reshuffle=True))
    assert text.startswith("val_accuracy 0.55")
    assert "mean of 2 other seeds, each on another split; sd 0.07" in text


def test_no_trial_of_a_sweep_has_the_seed_of_a_confirmation() -> None:
    assert seeds_after(3, 2) == [4, 5]


@pytest.mark.parametrize(
    ("seeds", "reshuffle", "test", "words"),
    [
        (1, False, "winner", "--confirm must be at least 2 and at most 1000, got 1"),
        (1001, False, "winner", "--confirm must be at least 2 and at most 1000, got 1001"),
        (None, True, "winner", "--reshuffle is about the trainings that confirm the winner: add --confirm 5"),
        (None, False, "mean", "--test-by mean is about the trainings that confirm the winner: add --confirm 5"),
        (5, False, "all", "unknown --test-by 'all': choose one of mean, winner"),
        (None, False, "all", "unknown --test-by 'all': choose one of mean, winner"),
    ],
)
def test_an_impossible_confirmation_is_refused(seeds: int | None, reshuffle: bool, test: str, words: str) -> None:
    with pytest.raises(TunerError, match=f"^{re.escape(words)}$"):
        ConfirmRequest.of(seeds, "--confirm", reshuffle=reshuffle, test=test)
    if seeds is not None:
        asked = ConfirmRequest(seeds=seeds, reshuffle=reshuffle, test=test)
        with pytest.raises(TunerError, match=f"^{re.escape(words)}$"):
            SweepRequest(dataset="digits", model="cnn", confirm=asked).check()


def test_the_options_go_to_a_cluster() -> None:
    plain = SweepRequest(dataset="digits", model="cnn")
    assert not {"--confirm", "--reshuffle", "--test-by"} & set(command_words("sweep", plain, as_json=False))
    asked = ConfirmRequest(seeds=5, reshuffle=True, test="mean")
    words = command_words("sweep", replace(plain, confirm=asked), as_json=False)
    assert words[words.index("--confirm") + 1] == "5"
    assert words[words.index("--test-by") + 1] == "mean"
    assert "--reshuffle" in words


def test_a_confirmation_in_words() -> None:
    found = Confirmation(
        trial=3,
        asked=5,
        seeds=(1, 2, 3),
        score=Spread(values=(0.9, 0.92, 0.94), mean=0.92, sd=0.02, interval=Interval(0.87, 0.97)),
        reshuffle=True,
        finished=0.0,
        test={"accuracy": Spread(values=(0.9,), mean=0.9)},
        tested_seeds=(1,),
    )
    expected = "val_accuracy 0.92 (0.87 to 0.97; mean of 3 other seeds, each on another split; sd 0.02)"
    assert confirmed_text(found) == expected
    assert mean_test_text(found, "accuracy") == "0.9000 (mean of 1 model, each tested once)"
    same = Change(before=0.5, after=0.6, interval=Interval(0.05, 0.15))
    own = Threshold(value=0.2, of_class="b", objective="val_macro_f1", validation=same, used=True)
    text = mean_test_text(found, "accuracy", own)
    assert text == "0.9000 (mean of 1 model, each tested once with a threshold of 0.5)"
    assert mean_test_text(found, "accuracy", replace(own, used=False)) == mean_test_text(found, "accuracy")
    assert confirmed_text(replace(found, score=None)) == "no training with another seed is complete, of 5"


def test_each_model_that_is_tested_is_a_look() -> None:
    found = Confirmation(trial=0, asked=2, seeds=(1, 2), score=None, reshuffle=False, finished=0.0, tested_seeds=(1, 2))
    winner = made_up_winner(TRIALS[0], confirm=found)
    assert count_looks(winner, "me", {"me": 1, "other": 1}, {"other": 4}) == 3 + 4
    winner = replace(winner, confirm=replace(found, tested_before=2))
    assert count_looks(winner, "me", {"me": 3}) == 5
    assert count_looks(replace(winner, tested_before=4), "me", {"me": 3}) == 9


def test_an_earlier_sweep_has_no_confirmation(tmp_path: Path) -> None:
    make_config().save(tmp_path)
    loaded = SweepConfig.load(tmp_path)
    assert (loaded.confirm, loaded.reshuffle, loaded.test) == (0, False, "winner")
    assert ConfirmPlan.load(SweepFolder(tmp_path)) is None


def test_a_finished_sweep_says_that_no_training_is_complete() -> None:
    found = confirmations(ConfirmPlan.of(TRIALS[:1], [1, 2], reshuffle=False, test="winner"), [])[3]
    summary = summarise(make_config(), [], set(), None)
    lines = []
    for state, states in (("finished", {"failed": 2}), ("running", {"running": 2})):
        out = Console(file=StringIO(), width=200)
        now = Status(config=make_config(), state=state, reason="", summary=summary, seconds=None, confirm=found)
        print_confirming(replace(now, confirm_states=states), out)
        lines.append(out.file.getvalue())  # type: ignore[attr-defined]
    assert lines == [
        "confirm   no training with another seed is complete, of 2\n",
        "confirm   0 of 2 trainings done\n",
    ]
