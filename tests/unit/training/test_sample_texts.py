"""Texts to predict: lines, and the column of a table."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.sample_files import read

from tuner.core.errors import TunerError
from tuner.data.spec import DataSpec
from tuner.data.texts import MOST_BYTES
from tuner.training.sample_batches import LARGEST_BATCH
from tuner.training.samples import SampleReader

DATA = DataSpec(
    name="t", task="text", shape=(6,), classes=("neg", "pos"), mean=(), std=(), vocabulary=("a", "good", "film")
)


def test_a_bad_line_is_left_out_and_the_others_are_answered(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    long = b"x" * (MOST_BYTES + 100_000)
    samples, reader = read(DATA, file, b"\xef\xbb\xbfgood\n" + long + b"\ncaf\xe9\n\n \t\nfilm\n")
    assert samples.names == [f"{file}:1", f"{file}:6"]
    assert samples.inputs[:, :2].tolist() == [[3, 0], [4, 0]]
    assert reader.broken == [
        f"{file}:2: more than 10,000,000 bytes: write one sample a line",
        f"{file}:3: not UTF-8 text",
    ]
    assert reader.notes() == [f"{file}: blank lines passed over: 2, such as line 4"]


def test_unknown_words_and_texts_without_a_word_are_told(tmp_path: Path) -> None:
    samples, reader = read(DATA, tmp_path / "t.txt", b"a good film\nun bon film\n?!\n")
    assert [[str(note) for note in notes] for notes in samples.notes] == [
        [],
        ["most words are unknown to the model: 67% of its words"],
        ["without a word: '?!'"],
    ]
    assert reader.notes()[0].startswith("1 of 3 texts: most words are unknown to the model; such as")


def test_the_column_text_of_a_csv_is_read(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    samples, reader = read(DATA, file, b'id,Text\n1,"a good\nfilm"\n2,\n3,film,film\n4,good\n')
    assert samples.names == [f"{file}:2", f"{file}:4", f"{file}:6"]
    assert samples.inputs[0].tolist() == [2, 3, 4, 0, 0, 0]
    assert [str(note) for note in samples.notes[1]] == ["without a word: the cell is empty"]
    assert [line.startswith(f"{file}:5: 3 cells") for line in reader.broken] == [True]


def test_a_csv_without_that_column_is_refused_with_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(TunerError, match=r"needs one column 'text', and has 'id', 'review': rename it") as caught:
        read(DATA, tmp_path / "t.csv", b"id,review\n1,good\n")
    assert "\n" not in str(caught.value)


def test_folders_of_classes_give_the_true_class_of_texts(tmp_path: Path) -> None:
    for name in ("pos", "neg"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text("a film\ngood\n")
    [first, second] = SampleReader(DATA, [str(tmp_path)])
    assert (first.truths, second.truths) == (["neg", "neg"], ["pos", "pos"])


def test_standard_input_is_read_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"good\n" * (LARGEST_BATCH + 1))))
    batches = [samples.names for samples in SampleReader(DATA, ["-"])]
    assert [len(names) for names in batches] == [LARGEST_BATCH, 1]
    assert batches[1] == [f"-:{LARGEST_BATCH + 1}"]


def test_the_column_of_training_is_read_with_the_true_classes(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    data = replace(DATA, text="review", target="stars")
    samples, reader = read(data, file, b"text,review,stars\nx,good film,pos\nx,a film,NEG\nx,film,other\n")
    assert samples.inputs[:, :2].tolist() == [[3, 4], [2, 4], [4, 0]]
    assert samples.truths == ["pos", "neg", None]
    assert any("no class of the model" in note for note in reader.notes())
    only = tmp_path / "u.csv"
    samples, _ = read(data, only, b"id,text\n1,good\n")
    assert samples.inputs[0, 0] == 3
    with pytest.raises(TunerError, match="needs one column 'review' or 'text', and has 'id', 'words'"):
        read(data, tmp_path / "v.csv", b"id,words\n1,good\n")


def test_texts_that_are_typed() -> None:
    reader = SampleReader(DATA, [], ["a good film", "film " * 30])
    (samples,) = reader
    assert samples.names == ["a good film", "film film film film film film film film…"]
    assert samples.inputs[0].tolist() == [2, 3, 4, 0, 0, 0]
    with pytest.raises(TunerError, match="name at least one file, or give --text"):
        list(SampleReader(DATA, []))
    images = DataSpec(name="i", task="image", shape=(1, 8, 8), classes=("a", "b"), mean=(0.0,), std=(1.0,))
    with pytest.raises(TunerError, match="--text: i is image data: name files of samples"):
        SampleReader(images, [], ["a film"])
