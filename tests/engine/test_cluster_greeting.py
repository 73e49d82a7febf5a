"""Messages that arrive together with the proof of the secret are read after it."""

import asyncio
from pathlib import Path
from time import perf_counter

import msgspec
import pytest
import uvloop

from fancymonkey.engine.cluster.frames import (
    CommitMessage,
    Frame,
    LinkLost,
    MessageChannel,
    Welcome,
    frame_bytes,
)
from fancymonkey.engine.cluster.handshake import admit, introduce

SECRET = "a secret of the lease"
LOOPS = [asyncio.run, uvloop.run]


def commit(size: int) -> bytes:
    return frame_bytes(CommitMessage(msgspec.Raw(msgspec.msgpack.encode(b"c" * size))))


@pytest.mark.parametrize("run", LOOPS, ids=["asyncio", "uvloop"])
@pytest.mark.parametrize(("count", "size"), [(0, 0), (1, 10), (3, 10), (1, 5000), (40, 3000)])
def test_commits_that_come_with_the_welcome_arrive(
    run: object, count: int, size: int, tmp_path: Path
) -> None:
    async def work() -> None:
        arrived: list[Frame] = []

        async def serve(channel: MessageChannel) -> None:
            send, waiting = channel.send, b"".join(commit(size) for _ in range(count))

            def with_commits(frame: Frame) -> None:
                if isinstance(frame, Welcome):
                    channel.write(frame_bytes(frame) + waiting)
                else:
                    send(frame)

            channel.send = with_commits  # type: ignore[method-assign]
            await admit(channel, SECRET, perf_counter)

        tasks: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        path = str(tmp_path / "socket")
        server = await loop.create_unix_server(
            lambda: MessageChannel(lambda channel: tasks.append(loop.create_task(serve(channel)))),
            path,
        )
        _, channel = await loop.create_unix_connection(MessageChannel, path)
        await introduce(channel, SECRET)
        channel.pass_to(arrived.append)
        async with asyncio.timeout(10):
            while len(arrived) < count:
                await asyncio.sleep(0.001)
        assert [type(frame) for frame in arrived] == [CommitMessage] * count
        channel.abort()
        with pytest.raises(LinkLost):
            await channel.receive()
        await asyncio.gather(*tasks)
        server.close()

    run(work())  # type: ignore[operator]


async def test_messages_without_a_proof_are_not_read_ahead(tmp_path: Path) -> None:
    """Without a proof, one message is read, and the rest waits at the sender."""
    channels: list[MessageChannel] = []
    path = str(tmp_path / "socket")
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: MessageChannel(channels.append), path)
    _, writer = await asyncio.open_unix_connection(path)
    for _ in range(200):
        writer.write(commit(500) * 100)
        await asyncio.sleep(0)
    (channel,) = channels
    assert len(channel._inbox) == 1
    assert len(channel._data) < 1024 * 1024
    assert writer.transport.get_write_buffer_size() > 5 * 1024 * 1024
    channel.abort()
    writer.transport.abort()
    server.close()
