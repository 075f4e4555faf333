"""A tool whose errors are one line, whose answers are bounded, and which runs beside no other one."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import ValidationError

from tuner.core.errors import SweepError, TunerError, disk_error_text, one_line, printable, unknown
from tuner.core.units import format_number

MOST_CHARACTERS = 200_000  # of an answer: more than a model reads at once
_turn = asyncio.Lock()  # torch, matplotlib and MLflow are imported and used by one thread at a time


class AgentTool(Tool):
    """Calls a function of this room in a thread."""

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """Runs it with the arguments. Raises ToolError with one line that says what is wrong."""
        for name in arguments:
            if name not in self.parameters["properties"]:
                raise ToolError(
                    str(unknown(f"argument of {self.name}", printable(name), self.parameters["properties"]))
                )
        try:
            if self.is_async:
                found = await super().run(arguments, context, convert_result)
            else:
                async with _turn:
                    found = await super().run(arguments, context, convert_result)
        except ToolError as error:
            cause = error.__cause__ or error
            raise self._error(error, cause) from cause
        self._check_size(found)
        return found

    def _error(self, error: ToolError, cause: BaseException) -> ToolError:
        if isinstance(cause, TunerError | SweepError):
            return ToolError(printable(str(cause)))
        if isinstance(cause, ValidationError) and not isinstance(error, UnexpectedToolError):
            wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in cause.errors())
            return ToolError(printable(f"{self.name}: {'; '.join(wrong)}"))
        text = disk_error_text(cause) or f"{type(cause).__name__}: {one_line(cause)} (unexpected)"
        return UnexpectedToolError(printable(text))

    def _check_size(self, found: Any) -> None:
        size = sum(len(part.text) for part in getattr(found, "content", ()))
        if size > MOST_CHARACTERS:
            ask = "ask for fewer with most" if "most" in self.parameters["properties"] else "use the command line"
            raise ToolError(f"the answer would have {format_number(size, 'B')}, more than a tool gives: {ask}")
