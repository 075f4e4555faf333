"""Which token the requests to a served model must bring."""

from __future__ import annotations

import os
from pathlib import Path

from tuner.core.errors import TunerError
from tuner.serving.model.usual import TOKEN


def token_of(file: Path | None, *, no_token: bool, local: bool) -> str:
    """The token that was given, or a new one; empty for none. `local` says whether it is for this machine alone.

    Raises:
        TunerError: the file cannot be read, or is empty; or it is both wanted and not.
    """
    from tuner.serving.access import new_token  # noqa: PLC0415 - imports Starlette

    said = os.environ.get(TOKEN, "").strip()
    if file is not None:
        try:
            said = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise TunerError(f"--token-file {file}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
        if not said:
            raise TunerError(f"--token-file {file}: it is empty")
    if no_token:
        if file is not None:
            raise TunerError("--no-token and --token-file: choose one of them")
        return ""
    return said or ("" if local else new_token(TOKEN))
