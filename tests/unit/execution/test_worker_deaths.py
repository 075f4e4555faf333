"""What Ray says of a worker that has died, in a line. The texts are those of Ray 2.60, shortened."""

from __future__ import annotations

import pytest

from tuner.execution.tune_callbacks import explain_death

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
