"""Why a trial has failed, in one line."""

from __future__ import annotations

from collections.abc import Mapping

from tuner.core.kept_code import KeptCode
from tuner.core.records import Value
from tuner.training.memory import is_out_of_memory


def explain_failure(error: BaseException, parameters: Mapping[str, Value], code: KeptCode | None) -> str:
    """The reason for the failure in one line; in a user's own code with its file and line."""
    if is_out_of_memory(error):
        return f"out of memory at batch size {parameters.get('batch_size')}"
    if code and code.locate(error):
        return code.explain(error)
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
