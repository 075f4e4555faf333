"""ONNX files with 8-bit integers: smaller and often quicker, and a little less exact.

Networks with convolutions are quantised with the ranges that their layers have for training samples (static); others
have the ranges of each batch (dynamic), which suits LSTMs and small dense layers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tuner.core.errors import TunerError, one_line
from tuner.training.export_graph import SAMPLES, quietly
from tuner.training.onnx_file import RECORD, require_onnx

CALIBRATION = 256  # training samples
_BATCH = 32
_SEED = 0


def quantise(source: Path, samples: Tensor, target: Path) -> str:
    """Writes the graph of the file `source` with 8-bit weights. Returns how: `static` or `dynamic`.

    Args:
        source: a file of `onnx_file.write_onnx`.
        samples: raw ones of the training split, of which some are used.
        target: the new file.

    Raises:
        TunerError: the extra `onnx` is missing, or nothing in the graph can be quantised.
    """
    require_onnx(target)
    import onnx  # noqa: PLC0415 - an extra
    from onnxruntime import quantization as quant  # noqa: PLC0415

    way = "static" if any(node.op_type == "Conv" for node in onnx.load(str(source)).graph.node) else "dynamic"
    try:
        with quietly(), _without_logs():
            if way == "static":
                _quantise_static(quant, source, samples, target)
            else:
                quant.quantize_dynamic(source, target, weight_type=quant.QuantType.QInt8)
    except Exception as error:  # onnxruntime raises many kinds for what it cannot quantise
        raise TunerError(f"{target}: int8 is not possible: {type(error).__name__}: {one_line(error):.300}") from None
    before, after = onnx.load(str(source)), onnx.load(str(target))
    if {node.op_type for node in after.graph.node} == {node.op_type for node in before.graph.node}:
        raise TunerError(f"{target}: int8 is not possible: no layer of the network can have 8-bit weights")
    kept = {entry.key: entry.value for entry in before.metadata_props}
    if RECORD not in {entry.key for entry in after.metadata_props}:
        onnx.helper.set_model_props(after, kept)
        onnx.save(after, str(target))
    return way


def _quantise_static(quant: Any, source: Path, samples: Tensor, target: Path) -> None:
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quant.quantize_static(
        prepared,
        target,
        _reader(quant, samples),
        quant_format=quant.QuantFormat.QDQ,
        activation_type=quant.QuantType.QUInt8,
        weight_type=quant.QuantType.QInt8,
        per_channel=True,
        reduce_range=True,  # without VNNI, sums of 8-bit products overflow
    )
    prepared.unlink(missing_ok=True)


def _reader(quant: Any, samples: Tensor) -> Any:
    """Batches of some training samples, as onnxruntime asks for them."""
    order = torch.randperm(len(samples), generator=torch.Generator().manual_seed(_SEED))[:CALIBRATION]
    batches = iter(torch.split(samples[order], _BATCH))

    class Reader(quant.CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Any] | None:
            batch = next(batches, None)
            return None if batch is None else {SAMPLES: batch.numpy()}

    return Reader()


@contextmanager
def _without_logs() -> Iterator[None]:
    """Without the hints that onnxruntime writes to the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
