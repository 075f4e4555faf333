"""A model as one graph of tensors, for export: its preprocessing, its network, and what it answers.

    images  (batch, channels, height, width) uint8 pixels -> (batch, classes) probabilities
    tables  (batch, features) float64, encoded             -> (batch, classes) probabilities, or (batch,) numbers
    texts   (batch, steps) int64 tokens, padded with 0     -> (batch, classes) probabilities

What reads files and cells is Python: the file carries the record by which tuner does it, see `exported_model`.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from tuner.core.errors import TunerError, one_line
from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier

if TYPE_CHECKING:
    from torch.export import ExportedProgram

SAMPLES, PROBABILITIES, NUMBER = "samples", "probabilities", "number"
INPUT_TYPES = {"image": torch.uint8, "tabular": torch.float64, "text": torch.int64}
_EXAMPLES = 2  # samples: of one, the batch would be taken for a constant
_STEPS = 7  # words of an example


def output_name(data: DataSpec) -> str:
    """What the graph gives."""
    return PROBABILITIES if data.number is None else NUMBER


class ExportGraph(nn.Module):
    """Raw samples in, probabilities or numbers in the unit of the target out."""

    def __init__(self, model: nn.Module, data: DataSpec) -> None:
        """`model` is a Classifier or an Ensemble; a copy of it is taken."""
        super().__init__()
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.number = data.number
        for module in self.model.modules():
            if isinstance(module, Classifier):
                module.cuts_padding = False  # how long the longest text is cannot be known in a graph

    def forward(self, samples: Tensor) -> Tensor:
        """See above."""
        outputs = self.model(samples)
        return torch.softmax(outputs, 1) if self.number is None else self.number.unscaled(outputs)


def make_program(model: nn.Module, data: DataSpec) -> ExportedProgram:
    """The graph, for batches of any size and texts of any length that the data has.

    Raises:
        TunerError: the network does something that no graph of fixed operations can.
    """
    from torch.export import Dim, export  # noqa: PLC0415 - takes a second to import

    batch = Dim("batch", min=1)
    shapes: dict[int, Any] = {0: batch}
    example = _example(data)
    if data.task == "text" and data.shape[0] > 1:
        shapes[1] = Dim.DYNAMIC(min=1, max=data.shape[0])
    try:
        with torch.no_grad(), quietly(), recurrent_shapes():
            program = export(ExportGraph(model, data), (example,), dynamic_shapes=(shapes,))
    except Exception as error:  # torch raises many kinds for what it cannot trace
        raise TunerError(
            f"the model of {data.name} cannot be exported: torch.export does not follow its network "
            f"({type(error).__name__}: {one_line(error):.300})"
        ) from None
    program.example_inputs = None  # they would be pickled into the file
    return program


def _example(data: DataSpec) -> Tensor:
    kind = INPUT_TYPES[data.task]
    if data.task == "text":
        tokens = torch.ones(_EXAMPLES, min(_STEPS, data.shape[0]), dtype=kind)
        tokens[0, -1] = 0 if tokens.shape[1] > 1 else 1
        return tokens
    if data.task == "image":
        return torch.full((_EXAMPLES, *data.shape), data.white // 2, dtype=kind)
    return torch.tensor(data.mean, dtype=kind).expand(_EXAMPLES, -1).contiguous()


@contextmanager
def quietly() -> Iterator[None]:
    """Without torch's warnings on its own internals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_DECOMPOSED = torch._C.DispatchKey.CompositeImplicitAutograd


@contextmanager
def recurrent_shapes() -> Iterator[None]:
    """Lets graphs have LSTMs and GRUs of any number of steps, each as one operation.

    While torch traces a graph it finds the shapes of their outputs by going through the steps one by one, which makes
    their number a constant. Here the shapes come from those of the inputs; the operation itself stays as it is.
    """
    known = {torch.ops.aten.lstm.input: _lstm_shapes, torch.ops.aten.gru.input: _gru_shapes}
    before = {operation: operation.py_kernels.get(_DECOMPOSED) for operation in known}
    try:
        for operation, shapes in known.items():
            operation.py_kernels[_DECOMPOSED] = shapes
            operation._dispatch_cache.clear()
        yield
    finally:
        for operation, kernel in before.items():
            if kernel is None:
                operation.py_kernels.pop(_DECOMPOSED, None)
            else:
                operation.py_kernels[_DECOMPOSED] = kernel
            operation._dispatch_cache.clear()


def _states(inputs: Tensor, hidden: Tensor, bidirectional: bool) -> Tensor:
    """The output: (batch, steps, units), or with the first two the other way round, as the inputs have them."""
    return inputs.new_empty((*inputs.shape[:2], hidden.shape[2] * (2 if bidirectional else 1)))


def _lstm_shapes(inputs: Tensor, hidden: Any, *rest: Any) -> tuple[Tensor, Tensor, Tensor]:
    return _states(inputs, hidden[0], rest[5]), torch.empty_like(hidden[0]), torch.empty_like(hidden[1])


def _gru_shapes(inputs: Tensor, hidden: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
    return _states(inputs, hidden, rest[5]), torch.empty_like(hidden)
