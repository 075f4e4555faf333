"""What lies far outside of what the training split held."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from tuner.data.spec import Column, DataSpec
from tuner.training.training_range import far_from_training, training_range

GREY = DataSpec(name="g", task="image", shape=(1, 8, 8), classes=("a", "b"), mean=(0,), std=(1,), white=16)
COLOURS = replace(GREY, shape=(3, 8, 8), white=255)
TEXTS = DataSpec(name="t", task="text", shape=(6,), classes=("a", "b"), mean=(), std=())
ROWS = DataSpec(
    name="r",
    task="tabular",
    shape=(4,),
    classes=("a", "b"),
    mean=(0,) * 4,
    std=(1,) * 4,
    columns=(Column(name="age"), Column(name="size"), Column(name="kind", categories=("x", "y"))),
)


def strokes(count: int) -> Tensor:
    """Grey images with some bright pixels on black, as of digits; (count, 1, 8, 8) from 0 to 16."""
    places = torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(0)) < 0.25
    return (places * 15).to(torch.uint8)


def kinds(data: DataSpec, train: Tensor, inputs: Tensor) -> list[list[str]]:
    learnt = replace(data, training_range=training_range(data, train))
    return [[note.kind for note in notes] for notes in far_from_training(learnt, inputs)]


def test_images_like_those_of_training_have_no_notes() -> None:
    assert kinds(GREY, strokes(300), strokes(300)) == [[]] * 300


def test_blank_and_swapped_images_are_told() -> None:
    inputs = torch.stack([torch.full((1, 8, 8), 16), torch.zeros(1, 8, 8), 16 - strokes(1)[0]]).to(torch.uint8)
    assert kinds(GREY, strokes(300), inputs) == [
        ["brighter than in training", "less contrast than in training"],
        ["darker than in training", "less contrast than in training"],
        ["brighter than in training, as if black and white were swapped"],
    ]


def test_the_note_has_the_values_of_the_image_and_of_training() -> None:
    learnt = replace(GREY, training_range=((0.2, 0.4), (0.3, 0.4), (0, 0)))
    [notes] = far_from_training(learnt, torch.full((1, 1, 8, 8), 16, dtype=torch.uint8))
    assert [str(note) for note in notes] == [
        "brighter than in training: brightness 100%, in training 20% to 40%",
        "less contrast than in training: 0.0%, in training 30.0% to 40.0%",
    ]


def test_grey_is_told_where_training_had_colours() -> None:
    train = torch.randint(0, 256, (200, 3, 8, 8), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    grey = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1)).mul(255).to(torch.uint8)
    grey = grey.expand(1, 3, 8, 8)
    assert kinds(COLOURS, train, grey) == [["grey, where training had colours"]]
    assert kinds(COLOURS, torch.cat([train, grey.expand(50, 3, 8, 8)]), grey) == [[]]


def test_a_few_blank_images_in_training_hide_nothing() -> None:
    blank = torch.full((1, 1, 8, 8), 16, dtype=torch.uint8)
    assert kinds(GREY, torch.cat([strokes(999), blank]), blank)[0]


def test_numbers_far_outside_are_told_by_column() -> None:
    train = torch.tensor([[20.0, 1.0, 1, 0], [70.0, 2.0, 0, 1]])
    inputs = torch.tensor([[45, 1.5, 1, 0], [74, 1.0, 0, 0], [900, 170, 0, 1], [45, -8, 1, 0]], dtype=torch.float64)
    learnt = replace(ROWS, training_range=training_range(ROWS, train))
    notes = far_from_training(learnt, inputs)
    assert [list(map(str, each)) for each in notes] == [
        [],
        [],
        ["a number far outside of what training held: 'age' is 900, in training 20 to 70 and 1 more"],
        ["a number far outside of what training held: 'size' is -8, in training 1 to 2"],
    ]
    assert notes[2][0].named == ("'age'", "'size'")


def test_texts_of_which_most_words_are_unknown_are_told() -> None:
    train = torch.tensor([[2, 3, 4, 0, 0, 0], [2, 1, 1, 4, 0, 0]])
    inputs = torch.tensor([[2, 3, 0, 0, 0, 0], [2, 1, 0, 0, 0, 0], [1, 1, 2, 0, 0, 0], [1, 0, 0, 0, 0, 0]])
    told = ["most words are unknown to the model"]
    assert kinds(TEXTS, train, inputs) == [[], [], told, told]
    odd = torch.tensor([[1, 1, 1, 2, 0, 0]] * 2)  # in training, most were unknown as well
    assert kinds(TEXTS, odd, inputs) == [[], [], [], told]


def test_a_model_of_before_knows_no_range() -> None:
    assert far_from_training(GREY, strokes(2)) == [(), ()]
    assert far_from_training(ROWS, torch.zeros(2, 4)) == [(), ()]
    assert [len(notes) for notes in far_from_training(TEXTS, torch.tensor([[1, 1, 0, 0, 0, 0]]))] == [1]
