"""Threads that run, stop and look at one sweep at the same time, as processes do, counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

from support.processes import wait_until

from tuner.core.errors import TunerError
from tuner.sweeps.control import stop
from tuner.sweeps.lock import Order, current_order, is_running, lock_sweep

OBEYS_S = 60.0  # after so long an order is lost


def stop_as_it_begins(folder: Path, times: int) -> Counter[str]:
    """Orders to stop, given as soon as a sweep runs again: how many were `given`, and how many of them `obeyed`."""
    counts: Counter[str] = Counter()

    def run() -> None:
        for _ in range(times):
            with lock_sweep(folder):
                wait_until(lambda: current_order(folder) is Order.STOP, timeout=OBEYS_S, poll=0.0005)
                counts["obeyed"] += current_order(folder) is Order.STOP
            counts["ended"] += 1
            time.sleep(0.001)

    driver = threading.Thread(target=run)
    driver.start()
    while driver.is_alive():
        ended = counts["ended"]
        try:
            stop(folder.name, now=False)
        except TunerError:
            continue
        counts["given"] += 1
        while counts["ended"] == ended and driver.is_alive():
            time.sleep(0.0005)
    driver.join()
    return counts


def begin_while_others_look(folder: Path, times: int, lookers: int = 3) -> Counter[str]:
    """A sweep that begins again and again while others ask whether it runs: how often it `began`, or was `refused`."""
    counts: Counter[str] = Counter()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            is_running(folder)

    threads = [threading.Thread(target=look) for _ in range(lookers)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(times):
            try:
                with lock_sweep(folder):
                    counts["began"] += 1
            except TunerError:
                counts["refused"] += 1
    finally:
        over.set()
        for thread in threads:
            thread.join()
    return counts
