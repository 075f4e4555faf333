"""What OpenAPI says of the bodies that the routes read themselves."""

from __future__ import annotations

from typing import Any

from tuner.data.column import Column
from tuner.data.spec import DataSpec

MOST_SHOWN = 10  # classes in an example
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="  # a PNG
DESCRIPTION = "A model that tuner has trained. The page is at /, and this list of routes at /docs."

_ERRORS: dict[str, Any] = {
    "400": {"description": "What was sent cannot be read; the answer says why in `message`."},
    "401": {"description": "The token is missing or wrong."},
    "413": {"description": "Too many bytes, samples or pixels."},
    "415": {"description": "A Content-Type that is not read."},
    "503": {"description": "Too many samples wait already."},
}


def invocations(data: DataSpec) -> dict[str, Any]:
    """What is said of /invocations, with examples that a model of this data takes."""
    body = {
        "type": "object",
        "description": "One of these, and perhaps params. Images are arrays of pixels, or files in base64.",
        "properties": {
            "dataframe_split": {"type": "object"},
            "dataframe_records": {"type": "array", "items": {"type": "object"}},
            "instances": {},
            "inputs": {},
            "params": {
                "type": "object",
                "properties": {"decide": {"type": "boolean", "description": "Answer with classes alone."}},
            },
        },
    }
    names, row = sample(data)
    forms: dict[str, Any] = {"inputs": [row[0] if len(row) == 1 else row]}
    text = ""
    if names:
        forms["dataframe_split"] = {"columns": names, "data": [row]}
        forms["dataframe_records"] = [dict(zip(names, row, strict=True))]
        text = f"{','.join(names)}\n{','.join(map(str, row))}\n"
    answer = {data.number.name: data.number.mean} if data.number else dict.fromkeys(data.classes[:MOST_SHOWN], 0.5)
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": body,
                    "examples": {name: {"value": {name: value}} for name, value in forms.items()},
                },
                "text/csv": {"schema": {"type": "string"}, **({"example": text} if text else {})},
            },
        },
        "responses": {
            "200": {
                "description": "A row for each sample: a probability for each class, or the number.",
                "content": {"application/json": {"example": {"predictions": [answer]}}},
            },
            **_ERRORS,
        },
    }


def sample(data: DataSpec) -> tuple[list[str], list[Any]]:
    """The names of the columns that a data frame may have, and a sample: one value, or one for each column."""
    if data.task == "image":
        return ["image"], [_PIXEL]
    if data.task == "text":
        return [data.text or "text"], ["What a film!"]
    if not data.columns:
        return [], [float(f"{value:.4g}") for value in data.mean]
    return [column.name for column in data.columns], [_value(column) for column in data.columns]


def _value(column: Column) -> str | float:
    written = {"date": "2026-01-31", "time": "12:30"}
    if column.kind == "category":
        return column.categories[0]
    return written.get(column.kind) or float(f"{column.fill:.4g}")


PREDICT: dict[str, Any] = {
    "parameters": [
        {
            "name": "explain",
            "in": "query",
            "schema": {"type": "boolean", "default": False},
            "description": "Also answer where the model looks: Grad-CAM for images, the weight of each word of a text.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "text": {"type": "array", "items": {"type": "string"}},
                    },
                }
            },
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "text/plain": {"schema": {"type": "string"}, "example": "one text a line\n"},
            "text/csv": {"schema": {"type": "string"}, "example": "width,height\n1.5,2.0\n"},
        },
    },
    "responses": {
        "200": {
            "description": "A prediction for each sample that can be read; `left_out` says what cannot.",
            "content": {
                "application/json": {
                    "example": {
                        "model": "pets-cnn",
                        "version": "3",
                        "predictions": [
                            {
                                "sample": "tom.jpg",
                                "class": "cat",
                                "probability": 0.9,
                                "probabilities": {"cat": 0.9, "dog": 0.1},
                            }
                        ],
                        "left_out": [],
                        "notes": [],
                    }
                }
            },
        },
        **_ERRORS,
    },
}
