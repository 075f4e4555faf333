"""Your own texts: a column of a table, or .txt files in a folder for each class.

--text names the column of the texts, and --target that of their classes, in a table of any kind that csv:PATH reads. A
folder is FOLDER/CLASS/*.txt, or FOLDER/train/CLASS/*.txt with test and val beside it. What is not given is held out as
for csv:PATH. The vocabulary comes from the training split alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch

from tuner.core.data_options import DataOptions
from tuner.core.errors import TunerError, quoted
from tuner.core.files import slug
from tuner.core.shorten import first_names
from tuner.core.target_kind import CLASSES
from tuner.core.units import counted
from tuner.data.number_text import choose_style
from tuner.data.spec import DataSpec, Split, Splits
from tuner.data.texts import encode_texts, make_vocabulary, tokenise

from ._division import Divided, to_splits
from ._labelled_table import check_column, read_labelled
from ._text_folder import read_text_folder

WORDS = 10_000  # of the vocabulary, as for imdb
OFTEN = 2  # times that a word must occur in training; the rarer ones teach the model what an unknown word is
STEPS = 512  # words of a text that are kept, at most
MOST_UNUSED = 5  # columns in a note
NUMBERS = 0.95  # from this share of numbers on a column holds no texts


def load(
    path: Path,
    *,
    target: str | None = None,
    text: str | None = None,
    test: str | None = None,
    group: str | None = None,
    time: str | None = None,
) -> Splits:
    """The splits; inputs are int16 (samples, words) tokens, of at most 512 words.

    Args:
        path: a table, or a folder of text files.
        target: of a table the column with the classes.
        text: of a table the column with the texts.
        test: the path of the test split, of the same kind.
        group: a column; rows with the same value are in the same split.
        time: a column of dates or numbers; later rows validate, and the latest test.

    Raises:
        TunerError: something cannot be read, a column is missing or does not hold what it must.
    """
    path = path.expanduser()
    source = f"text:{path}"
    options = DataOptions(text=text, test=test, group=group, time=time)
    if path.is_dir() and text is None and target is None:
        texts, classes, divided, notes = read_text_folder(path, source, options)
        return _splits(path, texts, divided, classes, notes)
    rows = read_labelled(path, source, target, CLASSES.task, options)
    name = check_column(rows.frame, "--text", text, source, "the column with the texts")
    cells = rows.frame[name]
    _check_texts(name, cells.tolist(), source)
    others = [f"'{each}'" for each in rows.frame.columns if each != name]
    unused = [f"not learned from: {first_names(others, MOST_UNUSED)}"] if others else []
    return _splits(path, cells.tolist(), rows.divided, rows.classes, (*rows.notes, *unused), name)


def _check_texts(name: str, cells: Sequence[str], source: str) -> None:
    """Raises TunerError when a column holds numbers: nothing is learned from the words of those."""
    known = Counter(cells)
    if choose_style(known).read >= NUMBERS * known.total():
        example = quoted(next(iter(known)))
        raise TunerError(
            f"{source}: --text {name}: it holds numbers such as {example}, not texts: csv:PATH learns from those"
        )


def _splits(
    path: Path, texts: Sequence[str], divided: Divided, classes: tuple[str, ...], notes: Sequence[str], column: str = ""
) -> Splits:
    rows = {part: split.inputs.tolist() for part, split in divided.parts.items()}
    words = Counter(len(tokenise(texts[row])) for row in rows["train"])
    steps = min(STEPS, max(1, *words))
    vocabulary = make_vocabulary((texts[row] for row in rows["train"]), WORDS, least=OFTEN)
    if not vocabulary:
        raise TunerError(f"text:{path}: no word occurs in two texts of the training split: there are too few texts")
    inputs = encode_texts(texts, vocabulary, steps)
    parts = {part: Split(inputs[torch.tensor(rows[part])], split.targets) for part, split in divided.parts.items()}
    cut = sum(count for length, count in words.items() if length > STEPS)
    told = [f"{counted(len(vocabulary), 'word')} in the vocabulary; texts are read up to their word {steps}"]
    if cut:
        told.append(f"{cut} of {len(rows['train'])} training texts have more than {STEPS} words, and are cut there")
    told += _twins(texts, rows)
    spec = DataSpec(
        name=f"text_{slug(path.stem)}",
        task="text",
        shape=(steps,),
        classes=classes,
        mean=(),
        std=(),
        vocabulary=vocabulary,
        text=column,
    )
    return to_splits(spec, parts, divided, (*notes, *told))


def _twins(texts: Sequence[str], rows: dict[str, list[int]]) -> list[str]:
    """A note on texts of the other splits that are trained on, too."""
    known = {texts[row] for row in rows["train"]}
    twins = {part: sum(texts[row] in known for row in rows[part]) for part in ("validation", "test")}
    if not any(twins.values()):
        return []
    what = " and ".join(f"{count} of the {part} split" for part, count in twins.items() if count)
    return [f"texts that are in the training split, too, so that scores are too good: {what}"]
