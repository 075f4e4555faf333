"""Texts to tokens: words, the vocabulary of the training split, and integers padded to one length."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from unicodedata import normalize

import numpy as np
import torch
from torch import Tensor

MOST_BYTES = 10_000_000  # of one text
PADDING, UNKNOWN = 0, 1
FIRST = 2  # the token of the first word of a vocabulary
_MARKUP = re.compile(r"</?[a-z][^<>]*>")  # `a < b` is not markup
_PIECE = re.compile(r"\S{1,100}|\s+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def tokenise(text: str) -> list[str]:
    """The words of a text: lower-cased runs of letters and digits, with apostrophes inside; markup is dropped.

    >>> tokenise("Don't watch it!<br />It isn't <i>good</i>: 3/10")
    ["don't", 'watch', 'it', 'it', "isn't", 'good', '3', '10']
    """
    return list(_words(text))


def has_words(text: str) -> bool:
    """Whether there is a word in a text.

    >>> has_words("..."), has_words("<br />"), has_words("a")
    (False, False, True)
    """
    return next(_words(text), None) is not None


def _words(text: str) -> Iterator[str]:
    plain = _composed(text).lower().replace("\u2019", "'")
    return (found[0] for found in _WORD.finditer(_MARKUP.sub(" ", plain)))


def _composed(text: str) -> str:
    """The text with each letter and its accent as one character.

    Sorting accents takes quadratic time for a long run of them, so a word of more than a hundred characters is
    processed piece by piece.
    """
    if text.isascii():
        return text
    return "".join(normalize("NFC", piece) for piece in _PIECE.findall(text))


def make_vocabulary(texts: Iterable[str], size: int, *, least: int = 1) -> tuple[str, ...]:
    """The `size` most frequent words that occur `least` times, the most frequent first, then alphabetically."""
    counts = Counter(word for text in texts for word in _words(text))
    often = [word for word, count in counts.items() if count >= least]
    return tuple(sorted(often, key=lambda word: (-counts[word], word))[:size])


def lengths(tokens: Tensor) -> Tensor:
    """(texts, steps) tokens -> (texts,) how many come before the padding, at least 1."""
    return (tokens != PADDING).sum(1).clamp_min(1)


def encode_texts(texts: Sequence[str], vocabulary: Sequence[str], steps: int) -> Tensor:
    """The tokens of texts, each cut at `steps` and padded with 0.

    Args:
        texts: the raw texts.
        vocabulary: the word at index i has the token i + 2; every other word has the token 1.
        steps: the most words that are kept of a text.

    Returns:
        (texts, steps) int16, or int32 when the vocabulary needs it. A text without any word is one unknown word, so
        that no sample is empty.
    """
    token = {word: index for index, word in enumerate(vocabulary, start=FIRST)}
    kind = np.int16 if len(vocabulary) + FIRST <= np.iinfo(np.int16).max else np.int32
    tokens = np.full((len(texts), steps), PADDING, dtype=kind)
    for row, text in zip(tokens, texts, strict=True):
        found = [token.get(word, UNKNOWN) for word in islice(_words(text), steps)] or [UNKNOWN]
        row[: len(found)] = found
    return torch.from_numpy(tokens)
