"""What up, down, status and doctor say of warm starts, without one."""

from __future__ import annotations

from pathlib import Path

from support.common import Typed

from tuner.cli.doctor import machine
from tuner.cli.warm import describe, describe_use
from tuner.warm import place
from tuner.warm.start import Up


def test_down_without_an_up_is_no_mistake(typed: Typed) -> None:
    assert typed("down") == (0, "", "nothing is up\n")


def test_a_bad_time_is_refused(typed: Typed) -> None:
    code, _, err = typed("up", "--idle", "soon")
    assert (code, err) == (2, "error: --idle 'soon': write a duration such as 90s, 30m, 2h or 1h30m\n")


def test_a_folder_that_others_may_enter_is_refused(typed: Typed) -> None:
    folder = Path(place.folder_path())
    folder.mkdir(mode=0o755)
    code, _, err = typed("up")
    assert code == 2
    assert err == (
        f"error: other users may enter {folder}: its mode must be 0700: set XDG_RUNTIME_DIR to a folder of your own\n"
    )


def test_the_doctor_says_how_to_have_warm_starts() -> None:
    [found] = machine.warm_starts()
    assert found.good
    assert found.text == "not up: with tuner up the next commands start at once"


def test_what_is_told_of_a_zygote() -> None:
    here = Up(pid=2**22 + 1, mark="m", began=0, running=2, idle_s=3600)
    assert describe(here) == f"process {2**22 + 1}, 2 commands running; ends after 60 min without a command"
    assert (
        describe_use(here) == f"{describe(here)}; this command was started as usual: its environment or limits differ"
    )
