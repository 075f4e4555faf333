"""Files of torch.export (.pt2), written and read without pickle.

torch.export.load unpickles what a file says is pickled, loads compiled libraries, calls any function below `torch` that
a graph names, and evaluates texts as expressions. So a file is examined before torch reads it: it may hold one graph of
torch's numerical operations, plain tensors and one record, and sizes that are plain arithmetic.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from tuner.core.errors import TunerError, one_line
from tuner.training.export_graph import quietly
from tuner.training.onnx_file import Run

if TYPE_CHECKING:
    from torch.export import ExportedProgram

SUFFIX = ".pt2"
_RECORD = "tuner.json"
_MOST_JSON = 1 << 28  # bytes
_FILES = re.compile(
    r"[^/]+/(models/model\.json|data/(weights/(weight_\d+|model_weights_config\.json)"
    r"|constants/(tensor_\d+|model_constants_config\.json)|sample_inputs/model\.pt)|extra/tuner\.json"
    r"|archive_format|archive_version|byteorder|\.data/(version|serialization_id)|version)"
)
_OPERATIONS = re.compile(
    r"torch\.ops\.aten\.[a-z0-9_]+\.\w+|_operator\.[a-z]+|math\.(ceil|floor|trunc)|torch\.sym_\w+"
    r"|torch\.ops\.higher_order\.wrap_with_set_grad_enabled"
)
_WORDS = (
    "Symbol|Integer|Add|Mul|Pow|Min|Max|Mod|PythonMod|FloorDiv|CleanDiv|CeilDiv|CeilToInt|FloorToInt|True|False"
    "|positive|integer|nonnegative|Equality|Unequality|GreaterThan|LessThan|StrictGreaterThan|StrictLessThan"
)
_EXPRESSION = re.compile(rf"(?:'[su]\d+'|[su]\d+|\b(?:{_WORDS})\b|\d+|[ +*/(),<>=-])*")
"""What sizes are: sympy's own spelling of an expression."""


def write_pt2(program: ExportedProgram, record: str, path: Path) -> None:
    """Writes the graph, with `record` beside it. Raises TunerError if it could not be read again."""
    from torch.export import save  # noqa: PLC0415 - takes a second to import

    with quietly():
        save(program, path, extra_files={_RECORD: record})
    _examine(path)


def open_pt2(path: Path) -> tuple[Run, str]:
    """A function from a batch of samples to the graph's output, and the record; empty without one.

    Raises:
        TunerError: it is damaged, or holds what may run code.
    """
    from torch.export import load  # noqa: PLC0415 - takes a second to import

    _examine(path)
    extra = {_RECORD: ""}
    try:
        with quietly():
            module = load(path, extra_files=extra).module()
    except Exception as error:  # torch raises many kinds for a damaged file
        raise TunerError(f"{path} is damaged: {type(error).__name__}: {one_line(error):.300}") from None

    def run(samples: Tensor) -> Tensor:
        found: Tensor = module(samples)
        return found

    return run, str(extra[_RECORD])


def _examine(path: Path) -> None:
    """Raises TunerError for a file that is no archive of torch.export, or may hold more than tensors and a graph."""
    try:
        with zipfile.ZipFile(path) as archive:
            reason = next(_doubts(archive), "")
    except (OSError, zipfile.BadZipFile, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise TunerError(f"{path} is no file of torch.export: {type(error).__name__}: {one_line(error)}") from None
    if reason:
        raise TunerError(f"{path} is not opened, since reading it might run code: {reason}")


def _doubts(archive: zipfile.ZipFile) -> Iterator[str]:
    for entry in archive.infolist():
        if not _FILES.fullmatch(entry.filename):
            yield f"it holds '{entry.filename}'"
        if entry.filename.endswith("/sample_inputs/model.pt") and entry.file_size:
            yield "its sample inputs are pickled"
        if entry.filename.endswith(".json") and not entry.filename.endswith(_RECORD):
            if entry.file_size > _MOST_JSON:
                yield f"{entry.filename} has {entry.file_size:,} bytes"
            yield from _doubts_in(json.loads(archive.read(entry)))


def _doubts_in(found: Any) -> Iterator[str]:
    """What is more than data in a parsed JSON file of the archive."""
    if isinstance(found, list):
        for each in found:
            yield from _doubts_in(each)
    if not isinstance(found, dict):
        return
    for key, value in found.items():
        if key == "use_pickle" and value is not False:
            yield "a tensor of it is pickled"
        elif key == "path_name" and not re.fullmatch(r"(weight|tensor)_\d+", str(value)):
            yield f"it reads '{value}'"
        elif key == "target" and isinstance(value, str) and "inputs" in found and not _OPERATIONS.fullmatch(value):
            yield f"it calls '{value}'"
        elif key == "expr_str" and not _EXPRESSION.fullmatch(str(value)):
            yield f"it evaluates '{value}'"
        else:
            yield from _doubts_in(value)
