"""The token that the processes of a Ray cluster show each other."""

from __future__ import annotations

import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path

BYTES = 32  # Ray asks for their hexadecimal digits


def own_token() -> None:
    """Makes the token of this user's own clusters unless there is one; nobody else may read it.

    Ray would make it with the umask's permissions, and two first uses at once would each overwrite the other's, which
    half of its processes have read already.
    """
    if os.environ.get("RAY_AUTH_TOKEN"):
        return
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    with suppress(OSError):  # where nothing can be written, Ray says what it lacks
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        path.chmod(0o600)


def _make(path: Path) -> None:
    """The first one stays."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        new.touch(0o600)
        new.write_text(secrets.token_hex(BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(new)
    finally:
        new.unlink(missing_ok=True)
