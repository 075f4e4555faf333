"""The process that draws a report after its sweep: `python -m tuner.sweeps.draw_report FOLDER send|keep LOCK`.

`drawing.draw_apart` starts it. Nobody reads what it prints: how it went is in the sweep's folder.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from tuner.core.environment import prepare_environment
from tuner.core.leaving import leave
from tuner.core.sweep_folder import SweepFolder
from tuner.sweeps.drawing import drawing


def main() -> None:
    """Draws the report with the lock that this process was given."""
    folder, send, lock = SweepFolder(Path(sys.argv[1])), sys.argv[2] == "send", int(sys.argv[3])
    with suppress(Exception), drawing(folder, lock) as told:  # it is noted
        prepare_environment()
        from tuner.sweeps.publication import make_and_send  # noqa: PLC0415 - imports matplotlib and MLflow
        from tuner.tracking.store import Store  # noqa: PLC0415

        make_and_send(folder.path, Store.of(folder.home) if send else None, told.append)
    os.close(lock)
    leave(0)


if __name__ == "__main__":
    main()
