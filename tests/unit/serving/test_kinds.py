"""What is told of each kind of sweep: commands print what their schemas say, and no tool ends in an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from support.agent import Answer, ask, call, converse, here
from support.common import Typed
from support.json_check import check_json
from support.made_up_kinds import KINDS, make_kinds

from tuner.cli.console import json_text
from tuner.core.config import SweepConfig
from tuner.core.finite import finite
from tuner.core.outcome import Outcome
from tuner.core.own_winner import OwnWinner
from tuner.sweeps.best_trial import BestTrial
from tuner.sweeps.side_by_side import side_by_side
from tuner.sweeps.sweep_reader import SweepReader

WITHOUT_BEST = {"infeasible", "not-begun", "own-failed"}
NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kinds")
    make_kinds(home)
    return home


@pytest.fixture
def kinds(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUNER_HOME", str(made))
    return made


def no_constant(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


def check(form: str, printed: str) -> Any:
    return check_json(form, json.loads(printed, parse_constant=no_constant))


@pytest.mark.parametrize("name", KINDS)
def test_commands_print_of_each_kind_what_their_schemas_say(name: str, kinds: Path, typed: Typed) -> None:
    status = check("status NAME", typed("status", name, "--json")[1])
    assert (status["sweep"], status["best"] is None) == (name, name in WITHOUT_BEST)
    rows = check("logs NAME", typed("logs", name, "--json")[1])
    assert len({each["trial"] for each in rows}) == sum(status["trials"].values()) - status["trials"].get("queued", 0)
    code, out, err = typed("best", name, "--json")
    if name in WITHOUT_BEST:
        assert (code, out, err.count("\n")) == (2, "", 1)
    else:
        assert check("best NAME", out)["trial"] == status["best"]["trial"]


def test_all_of_them_are_listed(kinds: Path, typed: Typed) -> None:
    assert {each["sweep"] for each in check("list --sweeps", typed("list", "--sweeps", "--json")[1])} == set(KINDS)
    assert {each["sweep"] for each in check("status", typed("status", "--json")[1])} == set(KINDS)
    for names, with_best in ((["own", "own-failed"], [True, False]), (["budgets", "not-begun"], [True, False])):
        told = json_text({**side_by_side(names, kinds).to_json(), "page": ""})  # to draw it would take seconds
        assert [each["best"] is not None for each in check("compare PAIR", told)["sweeps"]] == with_best


def test_no_tool_meets_with_the_unexpected(kinds: Path) -> None:
    calls = [(tool, {"name": name}) for name in KINDS for tool in ("status", "logs", "trials", "best")]
    calls += [("trials", {"name": name, "order": "number"}) for name in KINDS]

    async def talk(client: Client) -> list[Answer]:
        return [await ask(client, tool, **arguments) for tool, arguments in calls]

    found = list(zip(calls, converse(here(), talk), strict=True))
    refused = {(tool, arguments["name"]) for (tool, arguments), answer in found if answer.refused}
    assert refused == {("best", name) for name in WITHOUT_BEST}
    assert not [answer.text for _, answer in found if "unexpected" in answer.text]
    assert {each["sweep"] for each in call(here(), "list_sweeps").values["sweeps"]} == set(KINDS)


def test_a_key_that_a_type_does_not_have_is_left_out_by_the_tools(kinds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = BestTrial.to_json
    monkeypatch.setattr(BestTrial, "to_json", lambda self: {**told(self), "new": 1})
    found = call(here(), "best", name="numbers")
    assert not found.refused, found.text
    assert "new" not in found.values
    with pytest.raises(AssertionError, match="'new' was unexpected"):
        check_json("best NAME", {**found.values, "new": 1})


def test_what_own_code_reports_as_nan_or_infinite_is_null(kinds: Path) -> None:
    records = SweepReader("own", kinds).live_records()
    best = OwnWinner(trial=records[2], epoch=2, saved=False)
    assert str(best.scores["odd"]) == "nan"
    outcome = Outcome(
        config=SweepConfig.load(kinds / "own"),
        folder=kinds / "own",
        records=tuple(records),
        winner=None,
        seconds=1.0,
        own=best,
    )
    found = check("sweep DATASET MODEL", json_text(outcome.to_json()))
    assert found["best"]["scores"] == {"loss": pytest.approx(1 / 3), "odd": None, "far": None}


def test_numbers_that_json_does_not_have_are_null() -> None:
    assert finite({"a": NAN, "b": (1.0, INFINITY), "c": [{"d": -INFINITY}], "e": "nan", "f": 3}) == {
        "a": None,
        "b": [1.0, None],
        "c": [{"d": None}],
        "e": "nan",
        "f": 3,
    }
    assert json_text([NAN]) == "[null]"
