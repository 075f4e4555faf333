"""`tuner new`: writes a commented start for a user's own model, dataset or search space. Nothing is overwritten."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Literal

from tuner.core import catalog, own_code
from tuner.core.data_options import NOT_DIVIDED, DataOptions
from tuner.core.errors import TunerError, describe_disk_error
from tuner.core.files import write_atomic

Start = Literal["model", "dataset"]
_FOLDER: dict[Start, own_code.Kind] = {"model": "models", "dataset": "datasets"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def new_code(start: Start, name: str) -> Path:
    """Writes the start of a model or dataset: ./models/NAME.py, or the file that is named.

    Raises:
        TunerError: the name cannot be one, or there is such a file already.
    """
    kind = _FOLDER[start]
    path = Path(name) if name.endswith(".py") else Path(kind, f"{name}.py")
    if not _NAME.fullmatch(path.stem):
        raise TunerError(f"'{path.stem}': use letters, digits and _ in the name, and begin with a letter")
    text = files("tuner.sweeps").joinpath("starts", f"{start}.py.txt").read_text(encoding="utf-8")
    return _write(path, text)


def new_space(
    dataset: str,
    model: str,
    target: str | None = None,
    task: str | None = None,
    options: DataOptions = NOT_DIVIDED,
) -> Path:
    """Writes the search space that the pair has by default as a file of its own: ./search_spaces/DATASET-MODEL.toml.

    Raises:
        TunerError: a name is unknown, the data is missing, or there is such a file already.
    """
    from tuner.data.source import Source  # noqa: PLC0415 - what follows imports torch, which takes seconds
    from tuner.search.space_file import own_space, parse_space  # noqa: PLC0415
    from tuner.search.space_text import space_text  # noqa: PLC0415
    from tuner.search.start_points import default_point  # noqa: PLC0415
    from tuner.sweeps.space_request import read_space  # noqa: PLC0415

    data = Source.parse(dataset, target, task=task, options=options)
    found = catalog.resolve("models", model)
    catalog.check("models", found)
    pair = f"{data.name}-{own_code.title(found)}"
    path = Path("search_spaces", f"{pair}.toml")
    _check_free(path)
    raw, source = read_space(data, found, None, data.load)
    space = parse_space(raw, source)
    told = "as in tuner list" if own_space(data.name, found) else "the default one, to be changed"
    comment = f"The search space of {pair}, {told}. See docs/search.md for what can be written here."
    point = space.start[0] if space.start else default_point(raw, space)
    return _write(path, space_text(raw, point, str(path), comment))


def next_commands(start: Start, path: Path) -> list[str]:
    """What to type next."""
    kind = _FOLDER[start]
    word = path.stem if own_code.found_here(kind, path.stem) else str(path)
    other = {"model": f"tuner sweep DATASET {word}", "dataset": f"tuner sweep {word} MODEL"}[start]
    return [f"tuner check {word}", other]


def _write(path: Path, text: str) -> Path:
    _check_free(path)
    try:
        write_atomic(path, lambda file: file.write(text.encode()))
    except OSError as error:
        raise TunerError(describe_disk_error(error)) from None
    return path


def _check_free(path: Path) -> None:
    if path.exists():
        raise TunerError(f"{path} is there already, and is left as it is: choose another name")
