"""What runs on a cluster's head for a command typed elsewhere: `python -m tuner.cli.remote_entry COMMAND...`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tuner.core.environment import OUTPUT_MARK


def main() -> None:
    """Runs the command with its files in place, in the home folder that the head's environment names."""
    from tuner.cli import app  # noqa: PLC0415 - so that the variables are set before anything reads them
    from tuner.core.files import tuner_home  # noqa: PLC0415
    from tuner.execution.jobs.upload import unpack  # noqa: PLC0415

    os.environ.setdefault("TUNER_HOME", str(Path.home() / "tuner-runs"))
    os.environ.pop("TUNER_ADDRESS", None)
    print(OUTPUT_MARK, flush=True)  # noqa: T201
    sys.argv = ["tuner", *unpack(sys.argv[1:], tuner_home())]
    app.main()


if __name__ == "__main__":
    main()
