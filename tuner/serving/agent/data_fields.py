"""The arguments of tools that say which data is meant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Dataset = Annotated[str, Field(description="A name from list, or csv:PATH, folder:PATH, text:PATH, FILE.py.")]
Column = Annotated[str | None, Field(description="A column of your own table.")]
Task = Annotated[str | None, Field(description="classification or regression.")]
TestSplit = Annotated[str | None, Field(description="The path of a test split of your own.")]
