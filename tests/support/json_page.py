"""Writes docs/json.md from the types of what commands print: python tests/support/json_page.py, or make json-page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuner.serving.schemas.commands import FORMS

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
HEAD = """# What --json prints

Every command that has something to say to a script has `--json`. It then prints one JSON document on standard output,
and nothing else there; progress, notes and errors go to standard error. `tuner schema COMMAND` prints the JSON Schema
of the document, by which it can be checked. New versions may add keys, and take none away.

Times are seconds since 1970, durations are seconds, sizes are bytes. An interval is a pair of numbers. A
number that JSON does not have (NaN, infinity) is null. The [exit status](sweep-folder.md#exit-status) says how a
command ended.

This page is made from the types in `tuner/serving/schemas/` by `make json-page`. A test runs each command on a real
sweep and checks what it prints.
"""
NAMES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}


def page() -> str:
    """The text of docs/json.md."""
    types: dict[str, dict[str, Any]] = {}
    lines = [HEAD, "## Commands", "", "| command | prints | |", "|---|---|---|"]
    for forms in FORMS.values():
        for form in forms:
            schema = form.schema()
            types |= schema.get("$defs", {})
            inner = {key: value for key, value in schema.items() if key not in ("$defs", "title", "description")}
            if "properties" in inner:
                name = form.shape.__name__
                types[name] = {**inner, "description": form.shape.__doc__}
                inner = {"$ref": f"#/$defs/{name}"}
            lines.append(f"| `tuner {form.words} --json` | {_type(inner)} | {form.text} |")
    for name in sorted(types):
        lines += ["", f"## {name}", "", *_rows(types[name])]
    return "\n".join(lines) + "\n"


def _rows(schema: dict[str, Any]) -> Iterator[str]:
    yield " ".join(schema["description"].split())
    yield from ("", "| key | type | |", "|---|---|---|")
    for key, value in schema["properties"].items():
        often = "" if key in schema.get("required", ()) else " (not always there)"
        yield f"| `{key}` | {_type(value)}{often} | {' '.join(value.get('description', '').split())} |"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return "interval" if "prefixItems" in schema else f"list of {_type(schema['items'])}"
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict) and inner:
        return f"object, of each key: {_type(inner)}"
    return NAMES.get(schema.get("type", ""), "anything")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
