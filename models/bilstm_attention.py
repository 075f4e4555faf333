"""Bidirectional LSTM with attention over its steps, for texts (Zhou et al. 2016)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tuner.data.spec import DataSpec, Task
from tuner.data.texts import PADDING, lengths

from ._checks import check_dropout, check_integer, check_max_length
from ._sequence import BidirectionalLSTM, first_steps

TASKS: tuple[Task, ...] = ("text",)
SPACE: dict[str, Any] = {
    "batch_size": {"choices": [32, 64, 128]},
    "optimizer": {"choices": ["adam", "adamw"]},
    "lr": {"low": 5e-4, "high": 5e-3, "log": True},
    "dropout": {"low": 0.2, "high": 0.7},
    "max_length": {"choices": [256, 400]},
}
MAX_LENGTH = 400  # words


def build(
    data: DataSpec,
    *,
    dropout: float = 0.5,
    embedding_size: int = 100,
    hidden_size: int = 128,
    num_layers: int = 2,
    max_length: int = MAX_LENGTH,
) -> nn.Module:
    """A classifier of texts, (batch, steps) tokens with padding 0 at the end -> logits (batch, classes).

    Zhou et al. 2016, "Attention-Based Bidirectional Long Short-Term Memory Networks for Relation Classification",
    section 3, with the two directions side by side instead of added.

    Args:
        data: a dataset with a vocabulary.
        dropout: share of the embeddings, of each layer's states and of the sentence's features dropped, 0 to 0.95.
        embedding_size: numbers per word, 1 to 1024.
        hidden_size: units of each direction of each layer, 1 to 1024: the default gives 256 in all.
        num_layers: stacked bidirectional layers, 1 to 4.
        max_length: how many words of a text are read, from its beginning, 1 to as many as the dataset keeps.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("bilstm_attention", dropout)
    check_integer("bilstm_attention", "embedding_size", embedding_size, 1, 1024)
    check_integer("bilstm_attention", "hidden_size", hidden_size, 1, 1024)
    check_integer("bilstm_attention", "num_layers", num_layers, 1, 4)
    check_max_length("bilstm_attention", max_length, data, MAX_LENGTH)
    words = len(data.vocabulary) + 2
    encoder = Encoder(words, embedding_size, hidden_size, num_layers, dropout)
    return AttentionClassifier(encoder, 2 * hidden_size, len(data.classes), dropout, max_length)


class Encoder(nn.Module):
    """Embeddings and bidirectional layers."""

    def __init__(self, words: int, embedding_size: int, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, embedding_size, padding_idx=PADDING)
        nn.init.normal_(self.embedding.weight, std=0.1)
        sizes = [embedding_size] + [2 * hidden_size] * (num_layers - 1)
        self.layers = nn.ModuleList(BidirectionalLSTM(size, hidden_size) for size in sizes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, steps) -> (batch, steps, 2 * hidden_size)."""
        length = lengths(tokens)
        states: Tensor = self.embedding(tokens)
        for layer in self.layers:
            states = layer(self.dropout(states), length)
        return states


class AttentionClassifier(nn.Module):
    """A linear classifier of the mean of all states, weighted by attention."""

    def __init__(self, encoder: Encoder, units: int, classes: int, dropout: float, max_length: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.query = nn.Linear(units, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(units, classes)
        self.max_length = max_length

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, steps) -> (batch, classes)."""
        tokens = first_steps(tokens, self.max_length)
        states = self.encoder(tokens)
        sentence = torch.tanh((self._weights(states, tokens)[:, :, None] * states).sum(1))  # equation 11 and 12
        logits: Tensor = self.classifier(self.dropout(sentence))
        return logits

    def attention(self, tokens: Tensor) -> Tensor:
        """(batch, steps) tokens -> (batch, steps) weights, which sum to 1 over the words that are read."""
        read = first_steps(tokens, self.max_length)
        weights = self._weights(self.encoder(read), read)
        return nn.functional.pad(weights, (0, tokens.shape[1] - read.shape[1]))

    def _weights(self, states: Tensor, tokens: Tensor) -> Tensor:
        """Equations 9 and 10: a softmax over the unpadded steps."""
        scores = self.query(torch.tanh(states)).squeeze(2).float()
        real = torch.arange(tokens.shape[1], device=tokens.device) < lengths(tokens)[:, None]
        weights: Tensor = scores.masked_fill(~real, -torch.inf).softmax(1)
        return weights
