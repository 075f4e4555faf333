"""What OpenAPI says of the bodies that the routes read themselves."""

from __future__ import annotations

from typing import Any

DESCRIPTION = "A model that tuner has trained. The page is at /, and this list of routes at /docs."

_SCORES = {
    "dataframe_split": {"columns": ["width", "height"], "data": [[1.5, 2.0]]},
    "dataframe_records": [{"width": 1.5, "height": 2.0}],
    "inputs": [[1.5, 2.0]],
    "instances": [[1.5, 2.0]],
}

_ERRORS: dict[str, Any] = {
    "400": {"description": "What was sent cannot be read; the answer says why in `message`."},
    "401": {"description": "The token is missing or wrong."},
    "413": {"description": "Too many bytes, samples or pixels."},
    "415": {"description": "A Content-Type that is not read."},
    "503": {"description": "Too many samples wait already."},
}

INVOCATIONS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "One of these, and perhaps params. Images are arrays, or files in base64.",
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
                },
                "examples": {name: {"value": {name: value}} for name, value in _SCORES.items()},
            },
            "text/csv": {"schema": {"type": "string"}, "example": "width,height\n1.5,2.0\n"},
        },
    },
    "responses": {
        "200": {
            "description": "A row for each sample: a probability for each class, or the number.",
            "content": {"application/json": {"example": {"predictions": [{"cat": 0.9, "dog": 0.1}]}}},
        },
        **_ERRORS,
    },
}

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
