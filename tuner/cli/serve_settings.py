"""What was typed for `tuner serve`, as the settings of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tuner.core.errors import TunerError
from tuner.serving.model.usual import EVERYWHERE, HOST

if TYPE_CHECKING:
    from tuner.serving.model.settings import Settings


def model_of(given: str | None) -> str:
    """The model that was named. Raises TunerError where none was."""
    if given is None:
        raise TunerError("MODEL is missing: give a pair such as digits-cnn, or models:/NAME@champion")
    return given


def settings_of(given: Mapping[str, Any], *, here: bool) -> Settings:
    """How a server answers, but for the token.

    Args:
        given: the `locals()` of a command with the options of `serve_options`.
        here: whether it is a server of this machine, or a cluster's.
    """
    from tuner.core.machine import cpu_count  # noqa: PLC0415
    from tuner.serving.model.settings import MB, Settings  # noqa: PLC0415

    threads = given["threads"]
    return Settings(
        host=given["host"] or (HOST if here else EVERYWHERE),
        most_batch=given["max_batch"],
        wait_s=given["max_wait"] / 1000,
        most_bytes=int(given["max_megabytes"] * MB),
        most_samples=given["max_samples"],
        follow_s=given["follow"],
        threads=(max(1, cpu_count() - 1) if here else 1) if threads is None else threads,
        encoders=max(2, cpu_count()) if here else 2,
    )
