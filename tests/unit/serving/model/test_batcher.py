"""Requests that come together go through the network together, in their order, and none is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tuner.serving.model.batcher import Batcher
from tuner.serving.refusal import RefusedError


def batcher(forward: Callable[[Tensor], Tensor], **changes: object) -> tuple[Batcher, list[int]]:
    sizes: list[int] = []
    options = {"most": 8, "wait_s": 0.0, "most_waiting": 100, **changes}
    return Batcher(forward, note=sizes.append, **options), sizes  # type: ignore[arg-type]


def five_at_most(inputs: Tensor) -> Tensor:
    if inputs.max() > 5:
        raise RuntimeError("too warm")
    return inputs


def numbered(number: int, samples: int = 1) -> Tensor:
    return torch.full((samples, 1), float(number))


async def held(
    most: int = 8, **changes: object
) -> tuple[Batcher, list[int], threading.Event, list[asyncio.Task[Tensor]]]:
    """A batcher whose first request is in the network, until the event is set."""
    gate = threading.Event()

    def forward(inputs: Tensor) -> Tensor:
        assert gate.wait(30)
        return inputs * 10

    found, sizes = batcher(forward, **changes)
    first = asyncio.create_task(found(numbered(0)))
    while not sizes:
        await asyncio.sleep(0.001)
    return found, sizes, gate, [first]


def test_what_comes_while_the_network_is_busy_is_the_next_batch_and_each_gets_its_own_answer() -> None:
    async def run() -> None:
        found, sizes, gate, tasks = await held()
        tasks += [asyncio.create_task(found(numbered(number, samples=number))) for number in (1, 2, 3, 4)]
        await asyncio.sleep(0)
        assert found.waiting == 10
        gate.set()
        answers = await asyncio.gather(*tasks)
        assert [answer.flatten().tolist() for answer in answers] == [[0.0], [10.0], [20.0] * 2, [30.0] * 3, [40.0] * 4]
        assert sizes == [1, 6, 4]  # 8 at most, and none is overtaken
        await found.close()

    asyncio.run(run())


def test_a_request_beyond_the_size_of_a_batch_is_one_of_its_own() -> None:
    async def run() -> None:
        found, sizes = batcher(lambda inputs: inputs)
        assert len(await found(numbered(1, samples=50))) == 50
        assert sizes == [50]
        await found.close()

    asyncio.run(run())


def test_a_sample_waits_for_others_as_long_as_it_was_told_and_no_longer_where_enough_are_there() -> None:
    async def run() -> None:
        found, sizes = batcher(lambda inputs: inputs, most=3, wait_s=3600.0)
        tasks = [asyncio.create_task(found(numbered(number))) for number in range(3)]
        await asyncio.gather(*tasks)
        assert sizes == [3]
        await found.close()
        soon, sizes = batcher(lambda inputs: inputs, most=3, wait_s=0.01)
        assert (await soon(numbered(7))).tolist() == [[7.0]]
        assert sizes == [1]
        await soon.close()

    asyncio.run(run())


def test_too_many_that_wait_are_refused_and_the_others_answered() -> None:
    async def run() -> None:
        found, _, gate, tasks = await held(most_waiting=2)
        tasks += [asyncio.create_task(found(numbered(number))) for number in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="2 samples wait already"):
            await found(numbered(3))
        gate.set()
        assert [answer.item() for answer in await asyncio.gather(*tasks)] == [0.0, 10.0, 20.0]
        await found.close()

    asyncio.run(run())


def test_an_error_of_the_network_reaches_its_requests_and_the_next_ones_are_answered() -> None:
    async def run() -> None:
        found, _ = batcher(five_at_most)
        with pytest.raises(RuntimeError, match="too warm"):
            await found(numbered(9))
        assert (await found(numbered(1))).item() == 1
        await found.close()

    asyncio.run(run())


def test_a_client_that_has_gone_takes_nobody_with_it() -> None:
    async def run() -> None:
        found, _, gate, tasks = await held()
        gone = asyncio.create_task(found(numbered(1)))
        stays = asyncio.create_task(found(numbered(2)))
        await asyncio.sleep(0)
        gone.cancel()
        gate.set()
        assert (await stays).item() == 20
        assert (await tasks[0]).item() == 0
        await found.close()

    asyncio.run(run())


def test_to_close_it_answers_what_was_asked() -> None:
    async def run() -> None:
        found, _, gate, tasks = await held()
        tasks.append(asyncio.create_task(found(numbered(1))))
        await asyncio.sleep(0)
        closing = asyncio.create_task(found.close())
        gate.set()
        await closing
        assert [task.result().item() for task in tasks] == [0.0, 10.0]

    asyncio.run(run())


@pytest.mark.parametrize(("quick_s", "alone"), [(3600.0, True), (0.0, False)])
def test_a_request_that_is_alone_is_answered_on_the_event_loop_once_that_is_known_to_be_quick(
    quick_s: float, alone: bool
) -> None:
    here: list[bool] = []

    def forward(inputs: Tensor) -> Tensor:
        here.append(threading.current_thread() is threading.main_thread())
        return inputs * 10

    async def run() -> None:
        found, sizes = batcher(forward, quick_s=quick_s)
        for number in range(3):
            assert (await found(numbered(number))).item() == number * 10
        together = await asyncio.gather(*(found(numbered(number)) for number in (3, 4)))
        assert [answer.item() for answer in together] == [30.0, 40.0]
        assert len(await found(numbered(1, samples=5))) == 5
        assert sizes == [1, 1, 1, 2, 5]
        assert here == [False, alone, alone, False, False]  # the first one has shown how long one takes
        await found.close()

    asyncio.run(run())


def test_an_error_on_the_event_loop_reaches_its_request() -> None:
    async def run() -> None:
        found, _ = batcher(five_at_most, quick_s=3600.0)
        assert (await found(numbered(1))).item() == 1
        with pytest.raises(RuntimeError, match="too warm"):
            await found(numbered(9))
        assert (await found(numbered(2))).item() == 2
        await found.close()

    asyncio.run(run())


def test_its_thread_ends_with_it() -> None:
    before = set(threading.enumerate())

    async def run() -> None:
        found, _ = batcher(lambda inputs: inputs)
        assert (await found(numbered(1))).item() == 1
        await found.close()

    asyncio.run(run())
    for each in set(threading.enumerate()) - before:
        each.join(30)
        assert not each.is_alive()
