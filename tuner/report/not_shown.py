"""That there is nothing to show."""

from __future__ import annotations


class NotShown(Exception):  # noqa: N818 - not an error: there is nothing to show yet
    """Why a part of the report has nothing to show, in one line."""
