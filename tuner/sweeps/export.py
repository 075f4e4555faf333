"""`tuner export`: a registered model as one file, checked against the model that it was made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

from tuner.core.errors import TunerError, describe_disk_error, unknown
from tuner.core.export_report import Check, ExportReport, Measured
from tuner.core.files import write_atomic
from tuner.core.score_text import points_text
from tuner.data.spec import DataSpec, Splits
from tuner.sweeps.model_lookup import find_model
from tuner.sweeps.model_origin import splits_of_model
from tuner.training import onnx_file, pt2_file
from tuner.training.export_check import check_answers, check_made_up, made_up_samples
from tuner.training.export_graph import make_program, output_name
from tuner.training.exported_model import SUFFIXES, is_exported, load_exported
from tuner.training.latency import latencies_ms
from tuner.training.model_description import ModelDescription
from tuner.training.open_model import open_model

LARGEST = 1e-3
"""By how much an answer may differ, of a probability or of a number in standard deviations: more is a fault."""
INT8_MARGIN = 0.01
"""By how much the validation score may fall with 8-bit integers: one point of accuracy, or 0.01 of R2."""
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What is asked for."""

    model: str
    """As of `find_model`."""
    to: str
    """One of SUFFIXES."""
    out: Path | None = None
    """The file; by default the model's name in the current folder."""
    int8: bool = False
    benchmark: bool = False

    @property
    def file(self) -> Path:
        """Where it goes. Raises TunerError for options that do not go together."""
        if self.to not in SUFFIXES:
            raise unknown("--to", self.to, SUFFIXES)
        if self.int8 and self.to != "onnx":
            raise TunerError(f"--int8 is for --to onnx, not for --to {self.to}")
        suffix = SUFFIXES[self.to]
        if self.out is None:
            name = self.model.rstrip("/").removeprefix("models:/").replace("/", "-").replace("@", "-")
            return Path(f"{name}-int8{suffix}" if self.int8 else f"{name}{suffix}")
        if self.out.suffix != suffix:
            raise TunerError(f"--out {self.out}: the name of a file for --to {self.to} ends with {suffix}")
        return self.out


def export(request: ExportRequest, home: Path, warn: Tell) -> ExportReport:
    """Writes the file, and compares it with the model on the test split, or on made-up samples where that is gone.

    `warn` is told what a user should know of the choice of the model.

    Raises:
        TunerError: there is no such model, it cannot be exported, or the file does not answer as the model does.
    """
    file = request.file
    with TemporaryDirectory() as scratch:
        place = find_model(request.model, home, Path(scratch), warn)
        if is_exported(place):
            raise TunerError(f"{request.model} is an exported file: name the model that it was made of")
        size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
        model, data = open_model(place)
        splits, missing = _splits(place, home)
        draft = Path(scratch) / f"draft{file.suffix}"
        program = make_program(model, data)
        record = ModelDescription.load(place).to_text()
        if request.to == "onnx":
            onnx_file.write_onnx(program, output_name(data), record, draft)
        else:
            pt2_file.write_pt2(program, record, draft)
        validation = None
        if request.int8:
            draft, validation = _to_int8(draft, model, data, splits, missing)
        exported, _ = load_exported(draft)
        check = (
            check_answers(model, exported, data, splits.test, "test")
            if splits
            else check_made_up(model, exported, data)
        )
        if not request.int8 and not check.largest <= LARGEST:
            raise TunerError(
                f"{file} is not written: its answers differ by up to {check.largest:.2g} from those of the model"
            )
        content = draft.read_bytes()
    try:
        write_atomic(file, lambda target: target.write(content))
    except OSError as error:
        raise TunerError(describe_disk_error(error)) from None
    samples = splits.test.inputs if splits else made_up_samples(data)
    before, after = latencies_ms([model, exported], samples) if request.benchmark else ({}, {})
    return ExportReport(
        model=request.model,
        file=str(file),
        to=request.to,
        int8=request.int8,
        check=check,
        unchecked=missing,
        validation=validation,
        registered=Measured(bytes=size, latency_ms=before),
        exported=Measured(bytes=len(content), latency_ms=after),
    )


def _splits(place: Path, home: Path) -> tuple[Splits | None, str]:
    """The data of the model, or why it is not at hand."""
    try:
        return splits_of_model(place, home), ""
    except TunerError as error:
        return None, str(error)


def _to_int8(draft: Path, model: nn.Module, data: DataSpec, splits: Splits | None, missing: str) -> tuple[Path, Check]:
    """The file with 8-bit integers, and what the validation split says of it. Test samples decide nothing.

    Raises:
        TunerError: it is too much worse, or the data is not at hand.
    """
    from tuner.training.quantised import quantise  # noqa: PLC0415 - rarely needed

    if splits is None:
        raise TunerError(f"--int8 needs the data that the model was made of, and {missing}")
    small = draft.with_name(f"int8{draft.suffix}")
    quantise(draft, _graph_inputs(data, splits), small)
    found = check_answers(model, load_exported(small)[0], data, splits.whole_validation, "validation")
    assert found.difference is not None
    if found.difference.size < -INT8_MARGIN:
        lost = f"{points_text(found.difference)} on {found.samples} validation samples"
        raise TunerError(f"--int8 is refused: it changes the {data.kind.label} by {lost}, more than {INT8_MARGIN:g}")
    return small, found


def _graph_inputs(data: DataSpec, splits: Splits) -> torch.Tensor:
    from tuner.training.export_graph import INPUT_TYPES  # noqa: PLC0415

    return splits.train.inputs.to(INPUT_TYPES[data.task])
