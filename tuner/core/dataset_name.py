"""The name of a dataset, which is the first half of a pair's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tuner.core import own_code
from tuner.core.files import slug
from tuner.core.library_names import is_library_name, title


def dataset_name(dataset: str, target: str | None = None, short: Callable[[str], str] = slug) -> str:
    """Letters, digits and _ for a dataset: a name of the catalog or of a library, or FORMAT:PATH.

    A target column is part of the name.

    `short` makes a name of each part.

    >>> dataset_name("digits"), dataset_name("csv:/data/My Iris.csv", "species")
    ('digits', 'csv_my_iris_species')
    """
    if own_code.is_own(dataset):
        return own_code.title(dataset)
    form, colon, path = dataset.partition(":")
    if not colon:
        return form
    if is_library_name("datasets", dataset):
        return "_".join([title(dataset), *([short(target)] if target else [])])
    name = Path(path).name.removesuffix(f".{form}")
    if form == "text":
        name = re.sub(r"\.(csv|tsv|txt|parquet|xlsx)$", "", name)
    return "_".join(map(short, [form, name, *([target] if target else [])]))
