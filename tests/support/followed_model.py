"""A registered model of several versions, and many requests while another one becomes the champion."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import numpy as np
from mlflow import MlflowClient

from support.http_requests import Answer
from support.serving import PHOTOS, photos_model
from tuner.tracking.registry import Candidate, register
from tuner.tracking.run_status import SWEEP_TAG, UID_TAG
from tuner.tracking.store import Store

PAIR = "photos-cnn"


def register_first(store: Store, folder: Path) -> None:
    """Registers an untrained model as a sweep does."""
    client = MlflowClient(store.uri, store.uri)
    experiment = client.create_experiment("e", str(store.artifacts))
    register(
        store.uri,
        Candidate(
            name=PAIR,
            sweep="sweep-1",
            uid="uid-1",
            run_id=client.create_run(experiment).info.run_id,
            folder=photos_model(folder / "model-1", 1),
            data=PHOTOS,
            example=np.zeros((1, 3, 8, 8), dtype=np.uint8),
            score=0.5,
            test_data="abc",
        ),
    )


def add_version(store: Store, home: Path, number: int) -> None:
    """Another version, of the files that are needed alone: logging a whole model takes seconds."""
    client = MlflowClient(store.uri, store.uri)
    first = client.get_model_version(PAIR, "1")
    place = home / "more" / str(number)
    photos_model(place / "artifacts" / f"model-{number}", number)
    tags = {**first.tags, SWEEP_TAG: f"sweep-{number}", UID_TAG: f"uid-{number}"}
    client.create_model_version(PAIR, place.as_uri(), first.run_id, tags=tags)


def make_store(folder: Path, database: Path) -> Store:
    """With three versions of a model, in `folder`/runs; a copy of the empty `database` is its own."""
    home = folder / "runs"
    home.mkdir()
    shutil.copyfile(database, home / "mlflow.db")
    found = Store.of(home)
    register_first(found, folder)
    for number in (2, 3):
        add_version(found, home, number)
    return found


Ask = Callable[[str], Answer]
BLACK = {"inputs": [[[[0] * 8] * 8] * 3]}


class Load:
    """Threads that ask without a pause. What they get is in `answers`."""

    def __init__(self, ask: Ask, clients: int) -> None:
        """`ask` sends a body to /invocations."""
        self.answers: list[Answer] = []
        self._over = Event()
        self._threads = [Thread(target=self._ask, args=(ask,)) for _ in range(clients)]

    def _ask(self, ask: Ask) -> None:
        body = json.dumps(BLACK)
        while not self._over.is_set():
            self.answers.append(ask(body))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait(self, more: int) -> None:
        """Until so many more have been answered."""
        wanted = len(self.answers) + more
        while len(self.answers) < wanted:
            assert any(thread.is_alive() for thread in self._threads)
            self._over.wait(0.01)
