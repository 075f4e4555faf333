"""LSTM (Hochreiter & Schmidhuber 1997) over the words of a text, or over the features of a table row."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tuner.data.spec import DataSpec, Task
from tuner.data.texts import PADDING, lengths

from ._checks import check_dropout, check_integer, check_max_length
from ._sequence import first_steps

TASKS: tuple[Task, ...] = ("tabular", "text")
SPACE: dict[str, Any] = {
    "optimizer": {"choices": ["adam", "adamw"]},
    "lr": {"low": 1e-3, "high": 1e-2, "log": True},
    "dropout": {"low": 0.0, "high": 0.6},
    "hidden_size": {"choices": [32, 64, 128]},
}
MAX_LENGTH = 400  # words
USUAL_FEATURES = 30  # of a table, such as breast_cancer
MANY_FEATURES = 500  # from which the steps are a burden


def build(
    data: DataSpec,
    *,
    dropout: float = 0.2,
    hidden_size: int = 128,
    num_layers: int = 1,
    embedding_size: int = 128,
    max_length: int = MAX_LENGTH,
) -> nn.Module:
    """A classifier of normalised float32 rows, (batch, features), or of texts, (batch, steps) tokens -> logits.

    Args:
        data: the dataset; any number of features, or a vocabulary.
        dropout: share of the classifier's inputs (texts: of the embeddings too) that is dropped, 0 to 0.95.
        hidden_size: units of each layer (tables: of each direction of it), 1 to 1024.
        num_layers: stacked LSTM layers, 1 to 4.
        embedding_size: texts only: numbers per word, 1 to 1024.
        max_length: texts only: how many words are read, from the beginning, 1 to as many as the dataset keeps.

    Raises:
        TunerError: a value out of its range.
    """
    check_dropout("lstm", dropout)
    check_integer("lstm", "hidden_size", hidden_size, 1, 1024)
    check_integer("lstm", "num_layers", num_layers, 1, 4)
    check_integer("lstm", "embedding_size", embedding_size, 1, 1024)
    check_max_length("lstm", max_length, data, MAX_LENGTH)
    if data.task == "text":
        embedding = nn.Embedding(len(data.vocabulary) + 2, embedding_size, padding_idx=PADDING)
        lstm = nn.LSTM(embedding_size, hidden_size, num_layers, batch_first=True)
        return TextLSTM(embedding, lstm, data.outputs, dropout=dropout, max_length=max_length)
    return RowLSTM(data.shape[0], data.outputs, hidden_size=hidden_size, num_layers=num_layers, dropout=dropout)


def note(data: DataSpec) -> str:
    """What to know before training on this data; empty when there is nothing."""
    if data.task == "text" or data.shape[0] < MANY_FEATURES:
        return ""
    features = data.shape[0]
    return (
        f"lstm goes through the {features:,} features of a row one after the other: a trial takes about "
        f"{features / USUAL_FEATURES:.0f} times as long, and as much memory, as with {USUAL_FEATURES}; mlp takes them "
        f"all at once"
    )


class TextLSTM(nn.Module):
    """A forward LSTM, and a linear classifier of the mean of its states over the words of the text."""

    def __init__(
        self, embedding: nn.Embedding, lstm: nn.LSTM, classes: int, *, dropout: float, max_length: int
    ) -> None:
        super().__init__()
        nn.init.normal_(embedding.weight, std=0.1)
        self.embedding = embedding
        self.lstm = lstm
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(lstm.hidden_size, classes)
        self.max_length = max_length

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, steps) tokens, 0 after the last -> (batch, classes)."""
        tokens = first_steps(tokens, self.max_length)
        states, _ = self.lstm(self.dropout(self.embedding(tokens)))  # (batch, steps, hidden_size)
        length = lengths(tokens)
        real = torch.arange(tokens.shape[1], device=tokens.device) < length[:, None]
        mean = (states * real[:, :, None]).sum(1) / length[:, None]
        logits: Tensor = self.classifier(self.dropout(mean))
        return logits


class RowLSTM(nn.Module):
    """A bidirectional LSTM, and a linear classifier of the states of all its steps.

    All states are used because each column has its own meaning, which a mean over the steps loses: on the training and
    validation split of breast_cancer, cross-validated in 5 parts 3 times, the accuracy was 0.931 with the mean, 0.947
    with the last states and 0.972 with all states.
    """

    def __init__(self, features: int, classes: int, *, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, num_layers, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(features * 2 * hidden_size, classes)

    def forward(self, rows: Tensor) -> Tensor:
        """(batch, features) -> (batch, classes)."""
        states, _ = self.lstm(rows.unsqueeze(-1))  # (batch, features, 2 * hidden_size)
        logits: Tensor = self.classifier(self.dropout(states.flatten(1)))
        return logits
