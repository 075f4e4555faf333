"""What a model costs, against the formulas that people write down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tuner.core.records import TrialRecord
from tuner.data.spec import DataSpec
from tuner.training.classifier import Classifier, build_classifier
from tuner.training.model_cost import forward_flops, measure_cost
from tuner.training.saved_model import load_model, save_model

IMAGES = DataSpec(name="i", task="image", shape=(3, 8, 8), classes=("a", "b"), mean=(0.0,) * 3, std=(1.0,) * 3)
ROWS = DataSpec(name="r", task="tabular", shape=(5,), classes=("a", "b"), mean=(0.0,) * 5, std=(1.0,) * 5)
TEXTS = DataSpec(
    name="t",
    task="text",
    shape=(30,),
    classes=("a", "b"),
    mean=(),
    std=(),
    vocabulary=tuple(f"w{n}" for n in range(50)),
)
LINEAR = 2 * 3 * 8 * 8 * 4
CONVOLUTION = 2 * (3 * 3 * 3) * 8 * (8 * 8)
LSTM_5_STEPS = 5 * 2 * 4 * 16 * (1 + 16)


class Steps(nn.Module):
    """(batch, 5) -> five steps of one number each, through an LSTM."""

    def __init__(self, **options: bool | int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, 16, batch_first=True, **options)

    def forward(self, rows: Tensor) -> Tensor:
        states: Tensor = self.lstm(rows[:, :, None])[0]
        return states


def flops(network: nn.Module, data: DataSpec) -> int:
    return forward_flops(Classifier(data, network).eval(), data)


def test_a_multiply_add_counts_as_two() -> None:
    assert flops(nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 4)), IMAGES) == LINEAR
    assert flops(nn.Conv2d(3, 8, 3, padding=1), IMAGES) == CONVOLUTION
    assert flops(nn.Conv2d(3, 9, 3, padding=1, groups=3), IMAGES) == 2 * (3 * 3) * 9 * 64
    assert flops(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()), IMAGES) == CONVOLUTION


@pytest.mark.parametrize("fused", [True, False])
def test_an_lstm_counts_with_and_without_the_fused_kernel_of_the_cpu(fused: bool) -> None:
    enabled = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(fused and enabled)
    try:
        assert flops(Steps(), ROWS) == LSTM_5_STEPS
        assert flops(Steps(bias=False), ROWS) == LSTM_5_STEPS
        second = 5 * 2 * 4 * 16 * (2 * 16 + 16)
        assert flops(Steps(num_layers=2, bidirectional=True), ROWS) == 2 * (LSTM_5_STEPS + second)
    finally:
        torch._C._set_mkldnn_enabled(enabled)


def test_a_text_is_counted_at_its_full_stored_length_as_far_as_the_model_reads() -> None:
    arguments = {"embedding_size": 7, "hidden_size": 16}
    step, head = 2 * 4 * 16 * (7 + 16), 2 * 16 * 2
    for read, max_length in ((30, 400), (12, 12)):
        model = build_classifier(TEXTS, "lstm", {**arguments, "max_length": max_length}).eval()
        assert forward_flops(model, TEXTS) == read * step + head
    both = build_classifier(TEXTS, "bilstm_attention", {**arguments, "num_layers": 1}).eval()
    assert forward_flops(both, TEXTS) == 30 * (2 * step + 2 * 32) + 2 * 32 * 2


def test_the_cost_of_a_saved_model(tmp_path: Path) -> None:
    model = build_classifier(ROWS, "lstm", {"hidden_size": 4})
    for parameter in model.network.lstm.parameters():  # type: ignore[union-attr]
        parameter.requires_grad = False
    save_model(tmp_path / "model", ROWS, "lstm", {"hidden_size": 4}, model.state_dict())
    times = {n: {"time": 0.0, "val_loss": 1.0, "epoch_seconds": 1.5 * n} for n in (1, 2, 3)}
    trial = TrialRecord(
        number=0, state="COMPLETE", parameters={}, values={}, metrics=times, reason="", started=0.0, finished=1.0
    )
    cost = measure_cost(*load_model(tmp_path / "model"), tmp_path / "model", trial)
    lstm, head = 2 * (4 * 4 * (1 + 4) + 2 * 4 * 4), 5 * 2 * 4 * 2 + 2
    assert cost.parameters == lstm + head  # frozen ones too; the mean and the deviation of the 5 columns are none
    assert cost.flops == 2 * 5 * 2 * 4 * 4 * (1 + 4) + 2 * 5 * 2 * 4 * 2
    assert cost.bytes == sum(path.stat().st_size for path in (tmp_path / "model").iterdir()) > 4 * cost.parameters
    assert cost.train_seconds == 9.0


def test_counting_imports_no_triton_and_says_nothing_of_it() -> None:
    """It is for GPU kernels, and costs memory and time. Whoever wants it afterwards finds it."""
    code = (
        "import sys, torch\n"
        "from tuner.training.model_cost import _flop_counter\n"
        "print(_flop_counter().FlopCounterMode.__name__, 'triton' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("FlopCounterMode False\n", "")
