"""What runs on the head of a cluster for a command that was typed elsewhere: `python -m tuner.submitted COMMAND...`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ON_CLUSTER = "TUNER_ON_CLUSTER"  # set in the processes of a submitted job, on all nodes
BEGIN = "-- tuner --"  # the line of a job's log after which our own output begins


def on_cluster() -> bool:
    """Whether this process belongs to a submitted job: its trials may run on all nodes of the cluster."""
    return bool(os.environ.get(ON_CLUSTER))


def main() -> None:
    """Runs the command with its files in place, in the home folder that the head's environment names."""
    from tuner import cli  # noqa: PLC0415 - so that the variables are set before anything reads them
    from tuner.files import tuner_home  # noqa: PLC0415
    from tuner.shipment import unpack  # noqa: PLC0415

    os.environ.setdefault("TUNER_HOME", str(Path.home() / "tuner-runs"))
    os.environ.pop("TUNER_ADDRESS", None)
    print(BEGIN, flush=True)  # noqa: T201
    sys.argv = ["tuner", *unpack(sys.argv[1:], tuner_home())]
    cli.main()


if __name__ == "__main__":
    main()
