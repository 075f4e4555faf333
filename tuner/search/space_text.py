"""Writes the file of a search space with a start point."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tuner.core.errors import TunerError
from tuner.core.records import Value
from tuner.core.several_models import MODEL
from tuner.search.model_spaces import MODELS, flattened, split_key
from tuner.search.space_file import parse_space, read_toml
from tuner.search.space_relations import CONSTRAIN
from tuner.search.start_points import START

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def space_text(raw: Mapping[str, Any], start: Mapping[str, Value], where: str, comment: str) -> str:
    """The TOML of a search space in which `start` is the start point.

    Args:
        raw: the parsed space. `--set` may have narrowed it: what can never apply is left out.
        start: the values of the point.
        where: what the point is, for messages.
        comment: the first line.

    Raises:
        TunerError: the point is not within the space, or no file can say the same.
    """
    params: dict[str, Any] = {}
    models = raw.get(MODELS, [])
    for key, entry in raw["params"].items():
        model, _ = split_key(key, models)
        left = _possible(entry, params, f"{model}." if model else "", models)
        if left is not None:
            params[key] = left
    head = [f"{MODELS} = {_text(models)}"] if models else []
    head += [f"{CONSTRAIN} = {_text(raw[CONSTRAIN])}"] if raw.get(CONSTRAIN) else []
    lines = [f"# {comment}", *head, f"epochs = {_text(raw['epochs'])}"]
    for model in ["", *models]:
        own = [(name, entry) for key, entry in params.items() for of, name in [split_key(key, models)] if of == model]
        if own or not models:
            lines += ["", f"[params.{_key(model)}]" if model else "[params]", *_entries(own)]
    lines += ["", f"[[{START}]]", *(f"{_key(name)} = {_text(value)}" for name, value in start.items())]
    text = "\n".join([*lines, ""])
    parse_space(flattened(read_toml(text, where), models), where)
    return text


def _entries(params: Sequence[tuple[str, Any]]) -> Iterator[str]:
    """The lines of a table of parameters."""
    for name, entry in params:
        if isinstance(entry, list):
            yield from [f"{_key(name)} = [", *(f"  {_text(each)}," for each in entry), "]"]
        else:
            yield f"{_key(name)} = {_text(entry)}"


def _possible(entry: Any, above: Mapping[str, Any], model: str, models: Sequence[str]) -> Any:
    """A parameter's entry without the alternatives that never apply; None when none of them does.

    `model` is what the names of its model's parameters begin with in `above`: empty for those of all models.
    """
    if isinstance(entry, list):
        return [left for each in entry if (left := _possible(each, above, model, models)) is not None] or None
    if not isinstance(entry, dict) or "when" not in entry:
        return entry
    [(parent, values)] = entry["when"].items()
    found = {MODEL: {"choices": models}, **above} if models else above
    place = f"{model}{parent}" if f"{model}{parent}" in found else parent
    if place not in found:
        return None
    choices = _choices(found[place])
    left = [value for value in (values if isinstance(values, list) else [values]) if not choices or value in choices]
    return {**entry, "when": {parent: left if len(left) > 1 else left[0]}} if left else None


def _choices(entry: Any) -> list[Value]:
    """All values of a parameter that is chosen from a list; empty for a range."""
    if isinstance(entry, list):
        return [value for each in entry for value in _choices(each)]
    if isinstance(entry, dict):
        return list(entry.get("choices", ()))
    return [entry]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: Any) -> str:
    """A value in TOML: an inline table, an array, or a plain one."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(name)} = {_text(each)}' for name, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):  # as in JSON, but for one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if not isinstance(value, int | float):
        raise TunerError(f"{value!r} cannot be written as TOML")
    return repr(value)
