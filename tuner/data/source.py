"""What DATASET on the command line means: a name, a user's own data as FORMAT:PATH, or their own code."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.core import catalog, own_code
from tuner.core.config import SweepConfig
from tuner.core.confirm_request import TESTS
from tuner.core.data_options import NOT_DIVIDED, DataOptions
from tuner.core.dataset_name import dataset_name
from tuner.core.errors import TunerError, one_line
from tuner.core.files import data_root, is_file, is_folder
from tuner.core.library_names import LIBRARIES, is_library_name
from tuner.core.target_kind import TASK_OPTION

if TYPE_CHECKING:  # it imports torch, which takes seconds
    from tuner.core.sweep_request import SweepRequest
    from tuner.data.spec import Splits

_FORMS = "csv:PATH, text:PATH and folder:PATH"
_TABLES = ("csv:", "openml:")
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,59}")


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from."""

    dataset: str
    """As it is kept in sweep.json: a name, FORMAT:PATH with an absolute path, LIBRARY:NAME, or a name of `own_code`."""
    target: str | None = None
    """The column that holds the classes, of a table."""
    task: str | None = None
    """What is predicted, by `--task`; None where the target column decides."""
    known_as: str | None = None
    """The name of a user's own data, by `--as`, in place of the one from its path."""
    options: DataOptions = NOT_DIVIDED
    """How a user's own data are read and divided."""

    @classmethod
    def asked(cls, request: SweepRequest) -> Source:
        """The data of a request. Raises TunerError as `parse`."""
        return cls.parse(request.dataset, request.target, request.known_as, request.task, request.options)

    @classmethod
    def parse(
        cls,
        text: str,
        target: str | None,
        known_as: str | None = None,
        task: str | None = None,
        options: DataOptions = NOT_DIVIDED,
    ) -> Source:
        """Checks what the user typed.

        Raises:
            TunerError: there is no such dataset, format or path, or an option does not belong there.
        """
        if options.test in TESTS:
            raise TunerError(f"--test {options.test}: it names a test split now: write --test-by {options.test}")
        found = cls._parsed(text, target, known_as, task)
        form, colon, _ = found.dataset.partition(":")
        if not colon or form not in catalog.formats():
            options.refuse(f"{own_code.shown(found.dataset)} has splits of its own: the option is for {_FORMS}")
            return found
        catalog.check_options(form, options.given())
        if options.test:
            test = options.test.removeprefix(f"{form}:")
            options = replace(options, test=str(_found(test, f"--test {options.test}")))
        return replace(found, options=options)

    @classmethod
    def _parsed(cls, text: str, target: str | None, known_as: str | None, task: str | None) -> Source:
        text = catalog.resolve("datasets", text)
        if known_as is not None:
            _check_alias(known_as, text)
        if is_library_name("datasets", text):
            catalog.check("datasets", text)
            if task is not None and not text.startswith("openml:"):
                raise TunerError(_no_task(task, text))
            return cls(text, target, task, known_as)
        if task is not None and not text.startswith("csv:"):
            raise TunerError(_no_task(task, own_code.shown(text)))
        if own_code.is_own(text):
            if target is not None:
                raise TunerError(f"--target {target}: {own_code.shown(text)} has classes: the option is for csv:PATH")
            return cls(text, None, None, known_as)
        form, colon, path = text.partition(":")
        if not colon:
            if text not in catalog.names("datasets"):
                _refuse_path(text)
            catalog.check("datasets", text)
            if target is not None:
                raise TunerError(f"--target {target}: {text} already has classes: the option is for csv:PATH")
            return cls(text)
        if form not in catalog.formats():
            forms = [f"{name}:PATH" for name in catalog.formats()]
            choices = " or ".join([*forms, *(f"{library}:NAME" for library in LIBRARIES["datasets"])])
            raise TunerError(f"unknown dataset '{text}': give a name from tuner list, or {choices}")
        if not path:
            raise TunerError(f"{text}: give a path: {form}:PATH")
        return cls(f"{form}:{_found(path, text)}", target, task, known_as)

    @classmethod
    def of(cls, config: SweepConfig) -> Source:
        """The data of a sweep."""
        read_so = config.program is None and config.dataset.startswith(_TABLES)
        task = config.task if read_so else None
        return cls(config.dataset, config.target, task, config.known_as, config.reading)

    @property
    def name(self) -> str:
        """Letters, digits and _: the first half of a pair's name. Another column of a table is another problem."""
        return self.known_as or dataset_name(self.dataset, self.target)

    @property
    def _options(self) -> dict[str, str]:
        """What else its format or library is told of the target, as far as something was said."""
        return {"task": self.task} if self.task else {}

    def load(self, limit: int | None = None) -> Splits:
        """The data, subsampled where `limit` says so."""
        splits: Splits
        form, colon, path = self.dataset.partition(":")
        if own_code.is_own(self.dataset):
            splits = load_own(self.dataset, self.name)
        elif is_library_name("datasets", self.dataset):
            splits = catalog.load("datasets", self.dataset).load(data_root(), target=self.target, **self._options)
            splits = replace(splits, spec=replace(splits.spec, name=self.name))
        elif colon:
            splits = catalog.read_format(form, Path(path), self.target, **self._options, **self.options.given())
            splits = replace(splits, spec=replace(splits.spec, name=self.name, target=self.target or ""))
        else:
            splits = catalog.load("datasets", form).load(data_root())
        splits.check_varied(own_code.shown(self.dataset))
        return splits if limit is None else splits.limit(limit)


def load_own(dataset: str, name: str) -> Splits:
    """The data of a user's own code, under this name.

    Raises:
        TunerError: loading it fails, or what it gives is no dataset, with the user's file and line.
    """
    from tuner.data.own_splits import check_splits  # noqa: PLC0415 - imports torch

    splits = check_splits(catalog.load("datasets", dataset).load(data_root()), own_code.shown(dataset))
    return replace(splits, spec=replace(splits.spec, name=name))


def _no_task(task: str, text: str) -> str:
    return f"{TASK_OPTION} {task}: {text} says itself what is predicted: the option is for csv:PATH and openml:NAME"


def _refuse_path(text: str) -> None:
    """Raises TunerError where the user typed the path of own data, without its format."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # a ~NAME that is no user
        return
    if is_folder(path):
        forms = f"folder:{text} for images in folders, text:{text} for texts, csv:{text} for tables"
        raise TunerError(f"'{text}' is a folder here, and no dataset's name: say what it holds: {forms}")
    if is_file(path):
        forms = f"csv:{text} for a table, text:{text} for texts"
        raise TunerError(f"'{text}' is a file here, and no dataset's name: say what it holds: {forms}")


def _check_alias(name: str, text: str) -> None:
    if ":" not in text:
        raise TunerError(f"--as {name}: {text} has its name from tuner list: the option is for your own data")
    if not _ALIAS.fullmatch(name):
        raise TunerError(f"--as '{name}': use at most 60 letters, digits or '_', and begin with a letter or digit")
    if name in catalog.names("datasets"):
        raise TunerError(f"--as {name}: that is a dataset of tuner list: choose another name")


def _found(path: str, text: str) -> Path:
    """The absolute path of a file or folder. Raises TunerError when it does not exist, or the path is invalid."""
    try:
        absolute = Path(path).expanduser().absolute()
        absolute.stat()
    except FileNotFoundError:
        if set("*?[") & set(path):
            raise TunerError(f"{text}: several files are given as a folder that holds them, not as a pattern") from None
        raise TunerError(f"{text}: there is nothing at {absolute}") from None
    except (OSError, RuntimeError) as error:  # the latter for a ~NAME that is no user
        raise TunerError(f"{text}: {getattr(error, 'strerror', None) or one_line(error)}") from None
    return absolute
