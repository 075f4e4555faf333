"""Temporary outages of a server: which errors are worth a retry, and how long to wait before it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tuner.core.errors import one_line

FIRST_S, MOST_S = 1.0, 60.0  # the pause after the first failure; it doubles with each further one, up to MOST_S
MOST_ASKED_S = 600.0  # the longest Retry-After that is respected; a longer one is cut to this
INSIST_S = 30.0  # seconds of pauses in total, when somebody is waiting
UPLOAD_TRIES = 3  # further attempts for each request of the upload of a model or report
LOCKED = "database is locked"  # sqlite's words
_PASSING = ("TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED")
_BY_HTTP = "API request to "  # MLflow's message begins like this after no answer, or one that asks for a retry
_RETRIES, _OBEYS = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER"
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # the second of an alias
T = TypeVar("T")


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed: there was no answer, or one with 429 or 5xx; or a file is locked.

    A refusal is final.
    """
    if LOCKED in str(error):  # MLflow gives it no code where it looks for its tables
        return True
    code = getattr(error, "error_code", None)
    if code is not None:
        return code in _PASSING or (code == "INTERNAL_ERROR" and str(error).startswith(_BY_HTTP))
    status = getattr(getattr(error, "response", None), "status_code", None)
    return _is_network_error(error) if status is None else status == 429 or status >= 500


def is_mlflow_error(error: BaseException) -> bool:
    """Whether the error is MLflow's answer, or says that there is none. Any other error is from our own code."""
    return hasattr(error, "error_code") or LOCKED in str(error) or _is_network_error(error)


def _is_network_error(error: BaseException) -> bool:
    from requests import RequestException  # noqa: PLC0415 - which MLflow has imported by now

    return isinstance(error, RequestException | ConnectionError | TimeoutError)


def error_cause(error: BaseException) -> str:
    """The innermost cause that a library names, in one line."""
    if hasattr(error, "error_code"):
        error = error.__context__ or error
    return one_line(_innermost(error)).rpartition("): ")[2].partition(" for url: ")[0]


def backoff(failures: int, error: BaseException) -> float:
    """Seconds to wait after this many failures in a row; longer if the server's last answer asks for it."""
    grown = min(FIRST_S * 2.0 ** (min(failures, 30) - 1), MOST_S)
    return max(grown, min(_retry_after(error), MOST_ASKED_S))


def retry(action: Callable[[], T], patience: float = INSIST_S) -> T:
    """Runs an action, and repeats it while it fails with a temporary error. It must be safe to repeat.

    Args:
        action: what to run.
        patience: seconds to spend on pauses at most. After four times as many seconds no new attempt begins.

    Raises:
        Exception: the error of the last attempt.
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
    """For optional requests: it is no error when MLflow refuses one, but it is one when MLflow does not answer."""
    try:
        yield
    except Exception as error:
        if is_transient(error) or not is_mlflow_error(error):
            raise


@contextmanager
def ignore_absence() -> Iterator[None]:
    """For a request to delete something: it may be gone, as when the answer to an earlier request was lost."""
    try:
        yield
    except Exception as error:
        if getattr(error, "error_code", None) not in ABSENT:
            raise


@contextmanager
def retried_uploads() -> Iterator[None]:
    """Lets MLflow repeat each of its own requests a few times: for uploads of many files, which are safe to repeat.

    Meanwhile MLflow ignores Retry-After, for which it would otherwise wait, even for hours.
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
    """The Retry-After of an answer in seconds; 0 if it is missing or not a number."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    asked = str(headers.get("Retry-After", ""))
    return float(asked) if asked.isdecimal() else 0.0


def _innermost(error: BaseException) -> BaseException:
    for inner in (getattr(error, "reason", None), getattr(error, "orig", None), *reversed(error.args)):
        if isinstance(inner, BaseException):
            return _innermost(inner)
    return error
