"""AGENTS.md is one screen, and what it says can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.common import Typed

from tuner.cli.app import app
from tuner.core.sweep_folder import SweepFolder

TEXT = (Path(__file__).parents[3] / "AGENTS.md").read_text(encoding="utf-8")
SCREEN = 45  # lines
COMMAND = re.compile(r"^    tuner (\w+)(.*?)(?:#|$)", re.MULTILINE)


def test_it_is_one_screen_with_ten_commands() -> None:
    assert len(TEXT.splitlines()) <= SCREEN
    assert len(COMMAND.findall(TEXT)) == 10
    assert "docs/agents.md" in TEXT


def test_every_command_that_it_names_is_one() -> None:
    known = {each.name or each.callback.__name__ for each in app.registered_commands if each.callback}
    named = {found.strip("` ") for found in re.findall(r"(?:`| {4})tuner (\w+)", TEXT)}
    assert named <= known
    assert len(named) > 10


@pytest.mark.parametrize("words", COMMAND.findall(TEXT), ids=lambda words: words[0])
def test_every_option_that_it_names_is_in_the_help(words: tuple[str, str], typed: Typed) -> None:
    _, out, _ = typed(words[0], "--help")
    assert [option for option in re.findall(r"--[\w-]+", words[1]) if option not in out] == []


def test_the_files_that_it_names_are_those_of_a_sweep(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    for path in (folder.config, folder.result, folder.report_page.parent, folder.model):
        assert path.name in TEXT
