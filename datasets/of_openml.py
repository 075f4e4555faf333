"""Tables of openml.org by name, such as openml:credit-g, openml:credit-g/1 (a version) or openml:31 (an id).

scikit-learn downloads them. They are read as a user's own table is, see from_csv.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

import pandas as pd
from sklearn.datasets import fetch_openml

from tuner.core.environment import download_timeout
from tuner.core.errors import TunerError, one_line
from tuner.core.files import digest, slug, write_atomic
from tuner.data.spec import Splits

from .from_csv import load as load_table

FOLDER = "openml"
_NAME = re.compile(r"(?P<name>[^/]+?)(?:/(?P<version>\d+))?")


class Dataset:
    """What a file of datasets/ has, for a table of openml.org."""

    def __init__(self, name: str, version: str | None) -> None:
        self.name = name
        self.version = version
        self.full = f"openml:{name}" + (f"/{version}" if version else "")
        self.__doc__ = f"{name} of openml.org, a table."

    def load(self, root: Path, *, target: str | None = None, task: str | None = None) -> Splits:
        """The splits, see `from_csv.load`; `target` is a column in place of the one that openml.org names.

        The table is downloaded once, and kept as `root`/openml/NAME.csv with the name of the target column beside it.

        Raises:
            TunerError: there is no such table, it cannot be downloaded, or its target cannot be predicted.
        """
        stem = f"{slug(self.full.removeprefix('openml:'))}-{digest(self.full)[:6]}"
        table, named = root / FOLDER / f"{stem}.csv", root / FOLDER / f"{stem}.target"
        if not (table.is_file() and named.is_file()):
            found = self._fetch(root / FOLDER)
            _write(table, found.frame)
            write_atomic(named, lambda file: file.write(",".join(found.target_names).encode()))
        target = target or named.read_text(encoding="utf-8")
        splits = load_table(table, target=target, task=task)
        return replace(splits, spec=replace(splits.spec, target=target))

    def _fetch(self, folder: Path) -> Any:
        which = {"data_id": int(self.name)} if self.name.isdecimal() else {"name": self.name}
        version: Any = {"version": int(self.version)} if self.version else {}
        try:
            with download_timeout(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of several active versions, the first is taken
                found: Any = fetch_openml(
                    **which, **version, data_home=str(folder), as_frame=True, n_retries=1, parser="auto"
                )
        except (OSError, HTTPException, ValueError, RuntimeError, KeyError) as error:
            raise TunerError(
                f"{self.full} is not in {folder} and could not be downloaded ({one_line(error).rstrip('.')})"
            ) from None
        if found.frame is None or len(found.target_names or ()) != 1:
            names = ", ".join(found.target_names or ()) or "none"
            raise TunerError(f"{self.full}: needs a table with one target column, and its targets are: {names}")
        return found


@cache
def member(name: str) -> Dataset:
    """A table of openml.org, which is asked for when it is loaded. Raises TunerError for what can be no name."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise TunerError(f"openml:{name}: write openml:NAME, openml:NAME/VERSION or openml:ID")
    if found["name"].isdecimal() and found["version"]:
        raise TunerError(f"openml:{name}: an id stands for one version: write openml:{found['name']}")
    return Dataset(found["name"], found["version"])


def _write(path: Path, frame: pd.DataFrame) -> None:
    def write(file: IO[bytes]) -> None:
        frame.to_csv(file, index=False)

    write_atomic(path, write)
