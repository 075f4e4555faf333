"""Which film each review of IMDb is of: the archive has a list of addresses, urls_neg.txt and urls_pos.txt.

The review 200_8.txt has its address in the line 200, counted from 0. It is that of a film's page, with the film's
number, such as tt0453418.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

import torch
from torch import Tensor

from tuner.core.split_record import PartRecord, SplitRecord
from tuner.data.grouping import hold_out_groups
from tuner.data.reshuffle import joined_groups
from tuner.data.spec import SPLIT_SEED, Split

_FILM = re.compile(r"tt\d+")
NO_FILMS = (
    "reviews of one film are in training and in validation, since the lists of films, train/urls_neg.txt and "
    "train/urls_pos.txt, are not there"
)


def films_of(names: Sequence[str], urls: str) -> list[str]:
    """The film of each review, by the names of their files and the text of the list."""
    lines = urls.splitlines()
    return [_film(name, lines) for name in names]


def _film(name: str, lines: Sequence[str]) -> str:
    number = PurePath(name).stem.partition("_")[0]
    line = lines[int(number)] if number.isdecimal() and int(number) < len(lines) else ""
    found = _FILM.search(line)
    return found[0] if found else line.strip() or f"unknown: {name}"


def hold_out_films(
    films: Sequence[str], texts: Sequence[str], targets: Tensor, share: float
) -> tuple[Tensor, Tensor, Tensor]:
    """(reviews,) numbers of groups, and the indices of the reviews to train and to validate on.

    A group is a film, or several films of which reviews have the same text.
    """
    of_film, of_text = ({name: n for n, name in enumerate(dict.fromkeys(names))} for names in (films, texts))
    numbers = torch.tensor([of_film[name] for name in films])
    same = torch.tensor([[of_text[text]] for text in texts])
    groups = joined_groups(numbers, same, same[:0])
    held = torch.from_numpy(hold_out_groups(targets.numpy(), groups, share, SPLIT_SEED))
    return torch.from_numpy(groups), torch.nonzero(~held)[:, 0], torch.nonzero(held)[:, 0]


def film_record(splits: Mapping[str, Split], groups: Mapping[str, Tensor], classes: tuple[str, ...]) -> SplitRecord:
    """What the division came to. The films of the official test split are not read."""
    parts = {}
    for part, split in splits.items():
        counts = tuple(split.targets.bincount(minlength=len(classes)).tolist())
        count = len(set(groups[part].tolist())) if part in groups else None
        parts[part] = PartRecord(samples=len(split.targets), classes=counts, groups=count)
    return SplitRecord(kind="group", by="film", test="the official one", classes=classes, parts=parts)
