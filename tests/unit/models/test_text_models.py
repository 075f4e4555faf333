"""The models of texts: what is behind a text's padding, and beside it in the batch, changes nothing."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tuner.core import catalog
from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.training.classifier import build_classifier

WORDS = 20
SPEC = DataSpec(
    name="reviews",
    task="text",
    shape=(12,),
    classes=("bad", "good"),
    mean=(),
    std=(),
    vocabulary=tuple(f"word{number}" for number in range(WORDS)),
)
MODELS = [name for name in catalog.names("models") if "text" in catalog.load("models", name).TASKS]
TEXTS = torch.tensor([[5, 6, 7, 8, 9], [3, 4, 0, 0, 0], [2, 0, 0, 0, 0]])


def build(name: str, **arguments: Any) -> nn.Module:
    torch.manual_seed(0)
    return build_classifier(SPEC, name, arguments).eval().network


def padded(tokens: Tensor, steps: int) -> Tensor:
    return nn.functional.pad(tokens, (0, steps))


def test_there_are_the_two_that_were_asked_for() -> None:
    assert {"lstm", "bilstm_attention"} <= set(MODELS)


@pytest.mark.parametrize("name", MODELS)
class TestEveryTextModel:
    @torch.inference_mode()
    def test_padding_changes_no_answer(self, name: str) -> None:
        model = build(name)
        assert torch.allclose(model(padded(TEXTS, 7)), model(TEXTS), atol=1e-6)
        alone = torch.cat([model(TEXTS[:1]), model(TEXTS[1:2, :2]), model(TEXTS[2:, :1])])
        assert torch.allclose(alone, model(TEXTS), atol=1e-6)

    @torch.inference_mode()
    def test_every_word_counts_and_so_does_their_order(self, name: str) -> None:
        model = build(name)
        answer = model(TEXTS[:1])
        for step in range(5):
            changed = TEXTS[:1].clone()
            changed[0, step] = 12
            assert (model(changed) - answer).abs().max() > 1e-5
        assert (model(TEXTS[:1].flip(1)) - answer).abs().max() > 1e-5

    @torch.inference_mode()
    def test_reads_so_many_words_and_no_more(self, name: str) -> None:
        model = build(name, max_length=3)
        assert torch.equal(model(TEXTS), model(TEXTS[:, :3]))

    def test_reading_more_words_than_the_dataset_keeps_is_refused(self, name: str) -> None:
        long = replace(SPEC, shape=(512,))
        catalog.load("models", name).build(long, max_length=512)
        with pytest.raises(TunerError, match=f"^{name}: max_length is 513: choose an integer from 1 to 512$"):
            catalog.load("models", name).build(long, max_length=513)

    @torch.inference_mode()
    def test_a_text_of_padding_alone_has_an_answer(self, name: str) -> None:
        assert build(name)(torch.zeros(2, 4, dtype=torch.int64)).isfinite().all()


@torch.inference_mode()
def test_attention_is_shared_by_the_words_that_are_read() -> None:
    model: Any = build("bilstm_attention", max_length=4)
    weights = model.attention(padded(TEXTS, 2))
    assert weights.shape == (3, 7)
    assert torch.allclose(weights.sum(1), torch.ones(3))
    assert (weights[0, :4] > 0).all()
    assert weights[0, 4:].sum() == 0  # behind max_length
    assert weights[1, 2:].sum() == 0
    assert weights[2].tolist() == [1, 0, 0, 0, 0, 0, 0]


def test_sizes_are_the_published_ones() -> None:
    lstm: Any = build("lstm")
    assert lstm.embedding.weight.shape == (WORDS + 2, 128)
    assert (lstm.lstm.hidden_size, lstm.lstm.bidirectional) == (128, False)
    attention: Any = build("bilstm_attention")
    assert attention.encoder.embedding.weight.shape == (WORDS + 2, 100)
    assert len(attention.encoder.layers) == 2
    assert attention.classifier.in_features == 256


def test_the_classifier_cuts_the_padding_of_the_batch() -> None:
    classifier = build_classifier(SPEC, "lstm", {})
    tokens = padded(TEXTS, 7).to(torch.int16)
    prepared = classifier.prepare(tokens)
    assert prepared.shape == (3, 5)
    assert prepared.dtype == torch.int64
    assert classifier.prepare(torch.zeros(1, 12, dtype=torch.int16)).shape == (1, 1)


def test_the_bidirectional_layer_equals_torchs_over_packed_sequences() -> None:
    model: Any = build("bilstm_attention", num_layers=1)
    layer = model.encoder.layers[0]
    torch_layer = nn.LSTM(100, 128, batch_first=True, bidirectional=True)
    state = {f"{k}": v for k, v in layer.forwards.state_dict().items()}
    state |= {f"{k}_reverse": v for k, v in layer.backwards.state_dict().items()}
    torch_layer.load_state_dict(state)
    inputs, length = torch.randn(3, 5, 100), torch.tensor([5, 2, 1])
    packed = pack_padded_sequence(inputs, length, batch_first=True)
    with torch.inference_mode():
        expected, _ = pad_packed_sequence(torch_layer(packed)[0], batch_first=True)
        states = layer(inputs, length)
    real = torch.arange(5) < length[:, None]
    assert torch.allclose(states[real], expected[real], atol=1e-6)


def test_the_gradient_goes_back_through_the_reversal() -> None:
    sequence: Any = import_module("tuner.models._sequence")
    states = torch.randn(3, 5, 2, dtype=torch.float64, requires_grad=True)
    length = torch.tensor([5, 2, 1])
    assert sequence.reverse(states, length)[1, :, 0].tolist() == states[1, [1, 0, 2, 3, 4], 0].tolist()
    assert torch.autograd.gradcheck(lambda x: sequence.reverse(x, length), states)
