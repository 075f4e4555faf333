"""Files of a finished or a waiting sweep with a byte changed or their end cut off, at seeded places, and counted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

END = "one line"
"""The damage was seen, and told in one line."""
BEFORE = "the one before"
"""The damage was seen, and what there was before it is gone on with."""
WHOLE = "nothing lost"
"""All that was read is what was written: the damage lies where nothing is kept."""
BELIEVED = "believed"
"""Something else was read than what was written: must never be."""

Look = Callable[[], str]


def tally(file: Path, look: Look, *, times: int, seed: int) -> Counter[str]:
    """Damages the file so many times, each time anew, and counts what `look` says became of it."""
    rng = random.Random(seed)
    ends: Counter[str] = Counter()
    for _ in range(times):
        with _damaged(file, rng):
            ends[look()] += 1
    return ends


@contextmanager
def _damaged(file: Path, rng: random.Random) -> Iterator[None]:
    whole = file.read_bytes()
    place = rng.randrange(len(whole))
    if rng.random() < 0.25:
        file.write_bytes(whole[:place])
    else:
        other = whole[place] ^ rng.randint(1, 255)
        file.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
    try:
        yield
    finally:
        file.write_bytes(whole)
