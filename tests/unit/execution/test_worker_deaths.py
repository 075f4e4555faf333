"""What Ray says of a worker that has died, in a line. The texts are those of Ray 2.60, shortened."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from tuner.execution.worker_deaths import WorkerDeaths, explain_death, import_failure
from tuner.search.controller import Controller

HEAD = "The actor died unexpectedly before finishing this task.\n\tclass_name: TrialWorker\n\tip: 10.0.0.7\n"


@pytest.mark.parametrize(("text", "line"), [
    ("1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: 10.0.0.7, ID: d1c3) was "
     "2.92GB used / 3GB limit (0.97)\nOOM kill reason: ...\nTop 10 memory users: PID\tMEM(GB)\n1\t0.7\tpython",
     "Ray killed it, since the memory of the node 10.0.0.7 was full"),
    (HEAD + "The actor died because its node has died. Node Id: 91b5e60c1d1f\n\tthe actor's node was terminated "
     "unexpectedly: health check failed due to missing too many heartbeats",
     "the node 91b5e60c died: health check failed due to missing too many heartbeats"),
    (HEAD + "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: "
     "Worker unexpectedly exits with a connection error code 2.", "its process was killed, or crashed"),
    ("The actor f0af is unavailable: The actor is temporarily unavailable: RpcError: RPC error: Socket closed. The "
     "task may or may not have been executed on the actor.",
     "it cannot be reached: its node died, or the network failed"),
    ("ray::TrialWorker.train() (pid=1)\n  File \"x.py\", line 1\ntorch.AcceleratorError: CUDA error: it "
     "broke\n\n", "torch.AcceleratorError: CUDA error: it broke"),
    ("", "Ray does not say why"),
])  # fmt: skip
def test_a_death_is_told_in_a_line(text: str, line: str) -> None:
    assert explain_death(f" 1 (occurred at 2026-01-01_00-00-00)\n{text}\n" if text else text) == line


NO_IMPORT = (
    HEAD + "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR\n"
    '  File "/x/ray/_private/function_manager.py", line 657, in temporary_actor_method\n    raise RuntimeError(\n'
    "RuntimeError: The actor with name _Inner failed to import on the worker. This may be because:\n\n"
    'Traceback (most recent call last):\n  File "/x/ray/_private/function_manager.py", line 696, in _load\n'
    "    actor_class = pickle.loads(pickled_class)\n{place}{error}\n\n\n"
    "During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n"
    '  File "python/ray/_raylet.pyx", line 2693, in ray._raylet.task_execution_handler\n'
    "RuntimeError: The actor with name _Inner failed to import on the worker. This may be because:\n\n"
    'Traceback (most recent call last):\n  File "/elsewhere.py", line 1\nValueError: twice\n'
)


@pytest.mark.parametrize(("place", "error", "told"), [
    ("", "ModuleNotFoundError: No module named 'tuner.execution'; 'tuner' is not a package", ""),
    ('  File "/home/me/queue.py", line 3, in <module>\n', "NameError: name 'x' is not defined",
     " (/home/me/queue.py, line 3)"),
    ('  File "/lib/torch/__init__.py", line 9, in <module>\n', "torch.NoGPUError",
     " (/lib/torch/__init__.py, line 9)"),
])  # fmt: skip
def test_why_no_worker_can_start_is_told_with_the_file(place: str, error: str, told: str) -> None:
    assert import_failure(NO_IMPORT.format(place=place, error=error)) == f"{error}{told}"


def test_any_other_death_is_not_taken_for_that() -> None:
    assert import_failure(HEAD + "The actor died because its node has died.\nImportError: in a trial") == ""


def test_a_worker_that_a_full_disk_has_ended_is_no_failure_of_its_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("tuner.execution.worker_deaths.full_disk", lambda: "the disk is full")
    deaths = WorkerDeaths(cast(Controller, None), lambda: False, told.append)
    deaths.on_trial_error(1, [], SimpleNamespace(error_file=""))
    deaths.on_trial_recover(1, [], SimpleNamespace(error_file=""))
    assert told == ["the disk is full"] * 2
