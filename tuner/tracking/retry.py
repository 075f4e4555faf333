"""A server that does not answer for a while: which errors pass, and how long to wait before the next attempt."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tuner.core.errors import one_line

FIRST_S, MOST_S = 1.0, 60.0  # the pause after the first failed attempt doubles with each further one, up to the most


MOST_ASKED_S = 600.0  # a server that asks for more in its Retry-After is asked again all the same


INSIST_S = 30.0  # of pauses, in something that somebody waits for


UPLOAD_TRIES = 3  # more, of a request that a model or a report is made of


_PASSING = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED")


_BY_HTTP = "API request to "  # so begins MLflow's message when a request has brought no answer, or one to try again


_RETRIES, _OBEYS = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER"


T = TypeVar("T")


def is_transient(error: BaseException) -> bool:
    """Whether the same request may go well later: nobody answered, or with 429 or 5xx. A refusal does not pass."""
    code = getattr(error, "error_code", None)
    if code is not None:
        return code in _PASSING or (code == "INTERNAL_ERROR" and str(error).startswith(_BY_HTTP))
    status = getattr(getattr(error, "response", None), "status_code", None)
    return _is_network_error(error) if status is None else status == 429 or status >= 500


def is_mlflow_error(error: BaseException) -> bool:
    """Whether it is an answer of MLflow, or says that there is none; any other error is one of ours."""
    return hasattr(error, "error_code") or _is_network_error(error)


def _is_network_error(error: BaseException) -> bool:
    from requests import RequestException  # noqa: PLC0415 - which MLflow has imported by now

    return isinstance(error, RequestException | ConnectionError | TimeoutError)


def error_cause(error: BaseException) -> str:
    """The innermost cause that a library names, in a line."""
    if hasattr(error, "error_code"):
        error = error.__context__ or error
    return one_line(_innermost(error)).rpartition("): ")[2].partition(" for url: ")[0]


def backoff(failures: int, error: BaseException) -> float:
    """Seconds to wait after so many failures in a row; more when the server's last answer asks for it."""
    grown = min(FIRST_S * 2.0 ** (min(failures, 30) - 1), MOST_S)
    return max(grown, min(_retry_after(error), MOST_ASKED_S))


def retry(action: Callable[[], T], patience: float = INSIST_S) -> T:
    """Does something, again and again while that fails with what passes. It must bear to be repeated.

    Args:
        action: what is done.
        patience: seconds that are spent on pauses at most. After four times as many no attempt begins at all.

    Raises:
        Exception: that of the last attempt.
    """
    until, failures, waited = time.monotonic() + 4 * patience, 0, 0.0
    while True:
        try:
            return action()
        except Exception as error:
            failures += 1
            wait = backoff(failures, error)
            waited += wait
            if not is_transient(error) or waited > patience or time.monotonic() + wait > until:
                raise
        time.sleep(wait)


@contextmanager
def ignore_refusal() -> Iterator[None]:
    """For what is better done, and not needed: that MLflow refuses it is no error. That it does not answer is one."""
    try:
        yield
    except Exception as error:
        if is_transient(error) or not is_mlflow_error(error):
            raise


@contextmanager
def retried_uploads() -> Iterator[None]:
    """MLflow repeats each of its requests itself, a few times: for uploads of many files, which may be repeated.

    It would wait for as long as a Retry-After asks, be that hours.
    """
    before = {name: os.environ.get(name) for name in (_RETRIES, _OBEYS)}
    os.environ[_RETRIES] = str(max(int(before[_RETRIES] or 0), UPLOAD_TRIES))
    os.environ[_OBEYS] = "false"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _retry_after(error: BaseException) -> float:
    """What an answer's Retry-After asks for, in seconds; 0 when it is not there, or is no number of them."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    asked = str(headers.get("Retry-After", ""))
    return float(asked) if asked.isdecimal() else 0.0


def _innermost(error: BaseException) -> BaseException:
    for inner in (getattr(error, "reason", None), getattr(error, "orig", None), *reversed(error.args)):
        if isinstance(inner, BaseException):
            return _innermost(inner)
    return error
