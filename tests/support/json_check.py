"""Checks what a command has printed with --json against the schema of `tuner schema`, and that it has no key more."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from tuner.serving.schemas.commands import FORMS


def check_json(words: str, printed: str | Any) -> Any:
    """Checks the text, or what was read from it, of the form `words` of FORMS. Returns what was read."""
    [form] = [form for form in FORMS[words.split(maxsplit=1)[0]] if form.words == words]
    schema = form.schema()
    Draft202012Validator.check_schema(schema)
    found = json.loads(printed) if isinstance(printed, str) else printed
    errors = [f"{error.json_path}: {error.message[:300]}" for error in faults(schema, found)]
    assert not errors, f"tuner {words} --json: {errors}"
    return found


def faults(schema: dict[str, Any], found: Any) -> list[Any]:
    """What the schema says is wrong, keys that it does not know included."""
    return list(Draft202012Validator(_strict(schema)).iter_errors(found))


def _strict(schema: Any) -> Any:
    """The same, with no other keys than those that are named, where it does not say of which type others are."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {}
    return closed | {key: _strict(value) for key, value in schema.items()}
