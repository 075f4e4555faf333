"""Saved models, weights and checkpoints of somebody else: descriptions that lie, cut files, pickles that run."""

from __future__ import annotations

import io
import json
import os
import pickle
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from hypothesis import strategies as st

from faults.hostile.ends import End, Kind, refused
from tuner.core import catalog
from tuner.data.spec import DataSpec
from tuner.training.checkpoint_manager import CheckpointManager
from tuner.training.classifier import build_classifier
from tuner.training.hyperparameters import Hyperparameters
from tuner.training.loop import Training
from tuner.training.saved_model import load_model, save_model

DATA = DataSpec(name="t", task="tabular", shape=(4,), classes=("a", "b"), mean=(0.0,) * 4, std=(1.0,) * 4)
SMALL = {"hidden_size": 16}


class Bomb:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> Any:
        return open, (os.environ["BOMB"], "w")


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 2**70),
        st.floats(),
        st.sampled_from(["image", "text", "lstm", "cnn", "../../x", "\x1b[2J", "_checks", "a", "", "os"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["name", "categories"]), inner)
    ),
    max_leaves=5,
)
PLACES = [("model",), ("arguments",), ("data",), ("arguments", "hidden_size"), ("arguments", "x")]
PLACES += [("data", name) for name in ("name", "task", "shape", "classes", "mean", "std", "augment", "white", "x")]
PLACES += [("data", name) for name in ("vocabulary", "columns")]
LIES = st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=2)
RAW = st.sampled_from([b"", b"{", b"[]", b"null", b"[" * 100_000, b"9" * 5000, b"\xff\xfe{}", b'{"data": {}}'])
DAMAGE = st.one_of(st.none(), st.integers(0, 3000), st.binary(max_size=20), st.just(b"\xff" * 16))
MODELS = st.tuples(st.one_of(LIES, RAW), DAMAGE)


@cache
def _good() -> tuple[bytes, bytes]:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_model(folder, DATA, "lstm", SMALL, build_classifier(DATA, "lstm", SMALL).state_dict())
        return (folder / "model.json").read_bytes(), (folder / "weights.safetensors").read_bytes()


def _lie(lies: list[tuple[tuple[str, ...], Any]]) -> bytes:
    description = json.loads(_good()[0])
    for place, value in lies:
        *above, last = place
        inner = description
        for name in above:
            inner = inner[name] if isinstance(inner, dict) else {}
        if isinstance(inner, dict):
            inner[last] = value
    return json.dumps(description).encode()


def _damaged(content: bytes, damage: int | bytes | None) -> bytes:
    if isinstance(damage, int):
        return content[:damage]
    return damage + content[len(damage) :] if damage else content


def attempt_model(case: tuple[Any, int | bytes | None], folder: Path) -> End:
    """A folder that `tuner predict` and the registry load."""
    lies, damage = case
    (folder / "model.json").write_bytes(lies if isinstance(lies, bytes) else _lie(lies))
    (folder / "weights.safetensors").write_bytes(_damaged(_good()[1], damage))
    loaded: list[Any] = []
    if refused(lambda: loaded.append(load_model(folder)), str(folder)):
        return End.REFUSED
    model, data = loaded[0]
    assert model(torch.zeros(1, *data.shape)).shape == (1, len(data.classes))
    return End.ACCEPTED


STATES = st.recursive(
    st.one_of(
        st.just("bomb"),
        st.just("tensor"),
        st.just("huge tensor"),
        st.integers(-(2**70), 2**70),
        st.none(),
        st.text(max_size=3),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["model", "epoch", "features.0.weight", "metrics", "optimizer"]), inner),
    ),
    max_leaves=6,
)
WAYS = ["torch", "old torch", "pickle", "pickle 4", "packed"]
PICKLES = st.tuples(STATES, st.sampled_from(WAYS), st.one_of(st.none(), st.integers(0, 600), st.binary(max_size=6)))


def _made(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _made(value) for name, value in state.items()}
    if isinstance(state, list):
        return [_made(value) for value in state]
    made: dict[str, Callable[[], Any]] = {
        "bomb": Bomb,
        "tensor": lambda: torch.zeros(2),
        "huge tensor": lambda: torch.zeros(1).expand(2**40),
    }
    return made[state]() if isinstance(state, str) and state in made else state


def pickled(state: Any, way: str) -> bytes:
    """A state as a file, in one of the ways that torch.load takes, or would take with a pickle in it."""
    file = io.BytesIO()
    if way.startswith("pickle"):
        return pickle.dumps(state, 4 if way.endswith("4") else 2)
    torch.save(state, file, _use_new_zipfile_serialization=way != "old torch")
    return packed(file.getvalue()) if way == "packed" else file.getvalue()


def packed(content: bytes) -> bytes:
    """The archive of torch.save, compressed, as torch.save never does and torch.load reads."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    return file.getvalue()


def _bombed(case: tuple[Any, str, int | bytes | None], file: Path) -> Path:
    """Writes the file, and says where the bomb would leave its mark."""
    state, way, damage = case
    mark = file.with_name("the bomb has run")
    os.environ["BOMB"] = str(mark)
    file.write_bytes(_damaged(pickled(_made(state), way), damage))
    return mark


def attempt_weights(case: tuple[Any, str, int | bytes | None], folder: Path) -> End:
    """A file of --weights."""
    file = folder / "vgg16.pth"
    mark = _bombed(case, file)
    vgg16 = catalog.load("models", "vgg16")
    assert refused(lambda: vgg16.pretrained(file, folder), str(file))
    assert not mark.exists()
    return End.REFUSED


def attempt_checkpoint(case: tuple[Any, str, int | bytes | None], folder: Path) -> End:
    """A trial's checkpoint: its trial begins anew, with a line that names the file, and nothing runs."""
    file = folder / "0000" / "checkpoint.pt"
    file.parent.mkdir()
    mark = _bombed(case, file)
    model = build_classifier(DATA, "lstm", SMALL)
    training = Training(model, Hyperparameters(), epochs=2, seed=0, device=torch.device("cpu"))
    checkpoints = CheckpointManager(file.parent)
    restored = checkpoints.restore(training)
    assert not mark.exists()
    if restored:
        return End.ACCEPTED
    [note] = checkpoints.take_notes()
    assert note.startswith(f"{file} is damaged: ")
    assert note.endswith(": it restarts from its first epoch")
    assert "\n" not in note
    return End.SKIPPED


KINDS = [
    Kind("saved models", MODELS, attempt_model, 250),
    Kind("files of weights", PICKLES, attempt_weights, 120),
    Kind("checkpoints", PICKLES, attempt_checkpoint, 120),
]
