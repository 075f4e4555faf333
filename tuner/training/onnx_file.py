"""ONNX files: written from a graph with torch's exporter, and run by onnxruntime on the CPU. No Python is in them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tuner.core.errors import TunerError, one_line
from tuner.training.export_graph import SAMPLES, quietly, recurrent_shapes

SUFFIX = ".onnx"
RECORD = "tuner.model"  # of the file's metadata
_NEEDED = {"onnx": "onnx", "onnxscript": "onnxscript", "onnxruntime": "onnxruntime"}
if TYPE_CHECKING:
    from torch.export import ExportedProgram

Run = Callable[[Tensor], Tensor]


def require_onnx(path: Path, *names: str) -> None:
    """Raises TunerError where a package is missing: by default any of the extra `onnx`."""
    for name in names or _NEEDED:
        try:
            import_module(name)
        except ImportError:
            raise TunerError(
                f"{path}: {name} is not installed, and ONNX files need it: pip install 'tuner[onnx]'"
            ) from None


def write_onnx(program: ExportedProgram, output: str, record: str, path: Path) -> None:
    """Writes the graph, which gives `output`, with `record` in its metadata.

    Raises:
        TunerError: the extra `onnx` is missing, or ONNX lacks an operation of the network.
    """
    require_onnx(path)
    try:
        with quietly(), recurrent_shapes(), _silenced():
            made = torch.onnx.export(
                program, input_names=[SAMPLES], output_names=[output], external_data=False, verbose=False
            )
    except Exception as error:  # torch raises many kinds for what it cannot translate
        raise TunerError(
            f"{path}: the network cannot be written as ONNX ({type(error).__name__}: {one_line(error):.300}); "
            "try --to torch"
        ) from None
    assert made is not None
    made.model.metadata_props[RECORD] = record
    made.save(str(path))


def open_onnx(path: Path) -> tuple[Run, str]:
    """A function from a batch of samples to the graph's output, and the record in the metadata; empty without one.

    Raises:
        TunerError: onnxruntime is missing, or cannot read the file.
    """
    require_onnx(path, "onnxruntime")
    import onnxruntime  # noqa: PLC0415 - an extra

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [each.name for each in session.get_inputs()], [each.name for each in session.get_outputs()]
    except Exception as error:  # onnxruntime has a dozen kinds, without a common one
        raise TunerError(f"{path} is no ONNX file that onnxruntime can run: {one_line(error):.300}") from None
    if names[0] != [SAMPLES] or len(names[1]) != 1:
        raise TunerError(f"{path} was not written by tuner export: its inputs are {', '.join(names[0]) or 'none'}")

    def run(samples: Tensor) -> Tensor:
        [found] = session.run(None, {SAMPLES: samples.numpy()})
        return torch.from_numpy(found)

    return run, str(session.get_modelmeta().custom_metadata_map.get(RECORD, ""))


@contextmanager
def _silenced() -> Iterator[None]:
    """Without the exporter's progress, and its notes on libraries that are not there."""
    logger: Any = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            yield
    finally:
        logger.setLevel(before)
