"""The server of the tools. Its package is imported here alone, with what needs it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from tuner import __version__
from tuner.core.environment import prepare_environment
from tuner.serving.agent import looking, running
from tuner.serving.agent.showing import make_predict, make_show
from tuner.serving.agent.tool import AgentTool

INSTRUCTIONS = """tuner searches for the best hyperparameters of a model on a dataset. list says what can be trained, \
show describes a dataset or a pair. A sweep is a search of some trials: its winner is tested once on the test split \
and registered as the champion of its pair, if it is better than the one before. status with wait_s waits for a sweep; \
then best has its scores, and predict uses its model. Choose by validation scores: a test score chooses nothing."""
READING = " This server only reads: to begin sweeps, start it with tuner mcp --allow-run."
_LOOKS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
_BEGINS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)
_STOPS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
_PAUSES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)


def make_server(*, allow_run: bool) -> MCPServer[Any]:
    """The server; without `allow_run` the tools that change something are not there."""
    tools: list[tuple[str, Callable[..., Any], ToolAnnotations]] = [
        ("list", looking.list_choices, _LOOKS),
        ("list_sweeps", looking.list_sweeps, _LOOKS),
        ("show", make_show(own=allow_run), _READS),
        ("status", looking.status, _LOOKS),
        ("logs", looking.logs, _LOOKS),
        ("trials", looking.trials, _LOOKS),
        ("best", looking.best, _LOOKS),
        ("predict", make_predict(own=allow_run), _READS),
    ]
    if allow_run:
        tools += [
            ("sweep", running.sweep, _BEGINS),
            ("resume", running.resume, _BEGINS),
            ("stop", running.stop, _STOPS),
            ("pause", running.pause, _PAUSES),
        ]
    return MCPServer(
        "tuner",
        version=__version__,
        instructions=INSTRUCTIONS if allow_run else INSTRUCTIONS + READING,
        log_level="WARNING",
        tools=[
            AgentTool.from_function(function, name=name, annotations=annotations, structured_output=True)
            for name, function, annotations in tools
        ],
    )


def begin(*, allow_run: bool) -> Callable[[], None]:
    """Makes the server ready. What is returned serves on standard input and output until the input ends."""
    prepare_environment()
    server = make_server(allow_run=allow_run)

    def serve() -> None:
        signal.signal(signal.SIGINT, _leave)
        server.run("stdio")

    return serve


def _leave(number: int, _: object) -> None:
    """Ends the process at once. An exception would wait for the thread that reads the input, for ever."""
    os._exit(128 + number)
