"""Ten first uses of an embedded store at the same time.

`python tests/support/first_use_of_store.py FOLDER` prints how each ended.
The processes are forked from one that has imported MLflow, which takes seconds. Half of them wait until the database's
file, or another one that is called like it, is there: they come while another one makes its tables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

PROCESSES = 10


def use_at_once(folder: Path) -> list[str]:
    """How the first use of the store in this empty folder ended in each process: empty when well, or with the error."""
    done = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, text=True, check=True)
    ends: list[str] = json.loads(done.stdout)
    return ends


def _use(folder: Path, *, late: bool) -> str:
    from mlflow import MlflowClient

    from tuner.tracking.store import Store

    store = Store.of(folder)
    while late and not list(folder.glob("*mlflow.db*")):
        time.sleep(0.01)
    try:
        store.prepare()
        client = MlflowClient(store.uri, store.uri)
        client.create_experiment(f"of {os.getpid()}")
        client.search_registered_models()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _forked(folder: Path, *, late: bool) -> int:
    """Starts a process. Returns where its end can be read."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, _use(folder, late=late).encode())
        os._exit(0)
    os.close(writing)
    return reading


def _main(folder: Path) -> None:
    from tuner.core.environment import prepare_environment

    prepare_environment()

    import tuner.tracking  # noqa: F401 - once for all of them, as what is imported above

    pipes = [_forked(folder, late=number % 2 == 1) for number in range(PROCESSES)]
    ends = []
    for pipe in pipes:
        with open(pipe, encoding="utf-8") as file:  # noqa: PTH123 - it has no path
            ends.append(file.read())
    print(json.dumps(ends))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
