"""A pending answer: awaited by its task, by another task, or by none."""

import asyncio

import pytest

from fancymonkey.core.outcomes import Accepted, Answer
from fancymonkey.engine.pending_answer import PendingAnswer
from fancymonkey.errors import StoreUnavailable

ANSWER = Accepted(7)


async def wait(pending: PendingAnswer) -> Answer:
    return await pending


async def test_a_task_gets_the_answer() -> None:
    pending = PendingAnswer()
    task = asyncio.create_task(wait(pending))
    await asyncio.sleep(0)
    assert not task.done()
    pending.set_result(ANSWER)
    assert await task is ANSWER


async def test_an_answer_that_is_there_is_not_waited_for() -> None:
    pending = PendingAnswer()
    pending.set_result(ANSWER)
    with pytest.raises(StopIteration) as end:
        wait(pending).send(None)
    assert end.value.value is ANSWER


async def test_a_task_gets_the_error() -> None:
    pending = PendingAnswer()
    task = asyncio.create_task(wait(pending))
    await asyncio.sleep(0)
    pending.set_exception(StoreUnavailable("gone"))
    with pytest.raises(StoreUnavailable):
        await task


async def test_a_caller_without_a_task_continues_at_once() -> None:
    pending = PendingAnswer()
    work = wait(pending)
    assert work.send(None) is pending
    ended: list[Answer] = []

    def go_on() -> None:
        try:
            work.send(None)
        except StopIteration as end:
            ended.append(end.value)

    pending.then(go_on)
    pending.set_result(ANSWER)
    assert ended == [ANSWER]


async def test_a_cancelled_task_reverts_nothing() -> None:
    pending = PendingAnswer()
    task = asyncio.create_task(wait(pending))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert pending.cancelled()
    assert pending.done()
    assert not pending.cancel()


async def test_asyncio_takes_it_for_a_future() -> None:
    pending, other = PendingAnswer(), PendingAnswer()
    assert asyncio.isfuture(pending)
    asyncio.get_running_loop().call_soon(pending.set_result, ANSWER)
    other.set_result(ANSWER)
    async with asyncio.timeout(30):
        assert await asyncio.gather(wait(pending), wait(other)) == [ANSWER, ANSWER]


async def test_a_failing_callback_does_not_stop_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    pending = PendingAnswer()
    pending.then(fail)
    pending.set_result(ANSWER)
    assert "a bug" in caplog.text
