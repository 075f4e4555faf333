"""What an ended trial leaves behind is found without looking at all that is imported."""

from __future__ import annotations

import gc
import weakref

from tuner.training.memory import free_memory, leave_out_what_is_there


class Circle:
    """Only a search for garbage finds it."""

    def __init__(self) -> None:
        self.own = self


def test_later_garbage_is_found_among_few_objects() -> None:
    before = len(gc.get_objects())
    try:
        leave_out_what_is_there()
        assert len(gc.get_objects()) < before / 10
        lost = weakref.ref(Circle())
        free_memory()
        assert lost() is None
    finally:
        gc.unfreeze()
