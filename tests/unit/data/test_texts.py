"""Texts to tokens."""

from __future__ import annotations

import pytest
import torch

from tuner.data.texts import encode_texts, lengths, make_vocabulary, tokenise


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Great FILM!", ["a", "great", "film"]),
        ("Don't; 'quoted' rock'n'roll", ["don't", "quoted", "rock'n'roll"]),
        ("it\u2019s", ["it's"]),
        ("one<br /><br />two</p>three<BR>four", ["one", "two", "three", "four"]),
        ("a < b and c > d", ["a", "b", "and", "c", "d"]),
        ("<3 snake_case x-ray 3.5", ["3", "snake", "case", "x", "ray", "3", "5"]),
        ("ÉTÉ e\u0301te\u0301 Straße данные", ["été", "été", "straße", "данные"]),
        ("", []),
        (" ... !?\n\t\x00", []),
    ],
)
def test_words_are_lower_cased_and_free_of_markup(text: str, words: list[str]) -> None:
    assert tokenise(text) == words


def test_a_text_of_open_brackets_takes_no_quadratic_time() -> None:
    assert tokenise("<a" * 200_000) == ["a"] * 200_000


def test_a_vocabulary_has_the_most_frequent_words_first_and_equals_by_the_alphabet() -> None:
    texts = ["b a c", "c b", "c", "d"]
    assert make_vocabulary(iter(texts), 3) == ("c", "b", "a")
    assert make_vocabulary(texts, 100) == ("c", "b", "a", "d")
    assert make_vocabulary([], 5) == ()


def test_tokens_are_those_of_the_vocabulary_padded_and_cut() -> None:
    tokens = encode_texts(["B a zzz", "a a a a a a", "b"], ("a", "b"), 4)
    assert tokens.tolist() == [[3, 2, 1, 0], [2, 2, 2, 2], [3, 0, 0, 0]]
    assert tokens.dtype == torch.int16


@pytest.mark.parametrize("text", ["", " ?!", "<br />"])
def test_a_text_without_words_is_one_unknown_word(text: str) -> None:
    assert encode_texts([text], ("a",), 3).tolist() == [[1, 0, 0]]


def test_no_texts_are_no_rows() -> None:
    assert encode_texts([], ("a",), 3).shape == (0, 3)


@pytest.mark.parametrize(("size", "kind"), [(32_765, torch.int16), (32_766, torch.int32)])
def test_a_large_vocabulary_gets_wider_integers(size: int, kind: torch.dtype) -> None:
    vocabulary = [f"w{number}" for number in range(size)]
    tokens = encode_texts([vocabulary[-1]], vocabulary, 1)
    assert (tokens.dtype, tokens.item()) == (kind, size + 1)


def test_the_length_of_a_text_is_where_its_padding_begins_and_at_least_one() -> None:
    assert lengths(torch.tensor([[3, 1, 0, 0], [0, 0, 0, 0], [2, 2, 2, 2]])).tolist() == [2, 1, 4]
