"""Ways to a live listener: directly to its connection, or through ASGI.

A direct one has no task: the request has ended for ASGI, and its connection belongs to the
audience. So an idle listener has its connection and nothing else, and a message costs one write.
"""

import asyncio
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

from websockets.protocol import State

from fancymonkey.web.server.live_message import LiveMessage, chunks
from fancymonkey.web.server.turns import Turns

WIRE = "fancymonkey.wire"
"""The key of a connection's wire in the scope of its request."""

DIRECT = 256 * 1024
"""Bytes of the longest message that is written at once to a listener who has read all others."""

STILL_HERE = b": still here\n\n"
STILL_HERE_CHUNK = b"%x\r\n%b\r\n" % (len(STILL_HERE), STILL_HERE)
END_OF_CHUNKS = b"0\r\n\r\n"

Ended = Callable[[], None]
Drained = Callable[[], Awaitable[object]]


class Wire(Protocol):
    """The way to one listener."""

    @property
    def ready(self) -> bool:
        """Whether all earlier output has left, so that more may be written."""

    @property
    def busy(self) -> bool:
        """Whether a message is still being written."""

    def write(self, message: LiveMessage) -> None:
        """Writes a message. Only when it is ready."""

    def sign_of_life(self) -> None:
        """Writes a few bytes if proxies and clients need them on a quiet connection."""

    def end(self) -> None:
        """Ends it in order."""

    def abort(self) -> None:
        """Ends it at once."""


class DirectWire(ABC):
    """The direct way to a connection, after ASGI has handed it over."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._protocol: Any = None
        self._turns = Turns()
        self._long: asyncio.Task[None] | None = None
        self._ended: Ended | None = None

    def hand_over(self, turns: Turns, ended: Ended) -> bool:
        """Takes the connection from ASGI; `ended` is called once, when it is lost.

        Returns False if it is lost already.
        """
        protocol = self._transport.get_protocol()
        if protocol is None:
            ended()
            return False
        self._turns, self._ended, self._protocol = turns, ended, protocol
        protocol.hand_over(self)
        return True

    @property
    def open(self) -> bool:
        """Whether the connection takes output."""
        return not self._transport.is_closing()

    @property
    def busy(self) -> bool:
        """Whether a long message is still being written."""
        return self._long is not None

    @property
    def ready(self) -> bool:
        """Whether all earlier output has left."""
        return self._long is None and self.open and not self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Ends it at once."""
        self._transport.abort()

    @abstractmethod
    def write(self, message: LiveMessage) -> None:
        """Writes a message, a long one in pieces."""

    @abstractmethod
    def sign_of_life(self) -> None:
        """Writes a few bytes if the connection needs them."""

    @abstractmethod
    def end(self) -> None:
        """Ends it in order."""

    def lost(self) -> None:
        """Called by the connection when it has ended."""
        ended, self._ended, self._protocol = self._ended, None, None
        if self._long is not None:
            self._long.cancel()
        if ended is not None:
            ended()

    async def _write_long(self, pieces: Iterable[Sequence[Any]], drained: Drained) -> None:
        """Writes pieces, each once the earlier ones are read."""
        try:
            for piece in pieces:
                await self._turns.piece()
                await drained()
                if not self.open:
                    return
                self._transport.writelines(piece)
        finally:
            self._long = None


class EventWire(DirectWire):
    """A stream of server-sent events: a chunked response that never ends."""

    def __init__(self, transport: Any, cycle: Any) -> None:
        """`cycle` is uvicorn's object of the request. It may have later ones behind it."""
        super().__init__(transport)
        self._cycle = weakref.ref(cycle)  # the cycle's scope refers to this

    def hand_over(self, turns: Turns, ended: Ended) -> bool:
        """Takes the connection from ASGI. To uvicorn the response is complete."""
        cycle = self._cycle()
        if cycle is not None:
            cycle.response_complete = True
        return super().hand_over(turns, ended)

    def write(self, message: LiveMessage) -> None:
        """Writes a message, a long one in pieces."""
        if message.size <= DIRECT:
            self._transport.write(message.chunk())
        else:
            writing = self._write_long(chunks(message), self._protocol.flow.drain)
            self._long = asyncio.create_task(writing)

    def sign_of_life(self) -> None:
        """Writes a comment."""
        self._transport.write(STILL_HERE_CHUNK)

    def end(self) -> None:
        """Ends the response and the connection."""
        if self.open:
            if self._long is None:  # otherwise the message itself is not complete
                self._transport.write(END_OF_CHUNKS)
            self._transport.close()


class SocketWire(DirectWire):
    """A WebSocket."""

    @property
    def open(self) -> bool:
        """Whether the WebSocket takes messages."""
        return super().open and self._protocol.conn.state is State.OPEN

    def write(self, message: LiveMessage) -> None:
        """Writes a message, a long one in pieces."""
        if message.size <= DIRECT:
            frames = message.frames()
            if len(frames) == 1:
                self._transport.write(frames[0])
            else:
                self._transport.writelines(frames)
        else:
            pieces = ([frame] for frame in message.long_frames())
            writing = self._write_long(pieces, self._protocol.writable.wait)
            self._long = asyncio.create_task(writing)

    def sign_of_life(self) -> None:
        """Does nothing: the server's pings are enough."""

    def end(self) -> None:
        """Closes the WebSocket."""
        if self.open:
            self._protocol.shutdown()


class AsgiWire:
    """The way through ASGI, in the task of the request."""

    def __init__(self, *, signs: bool) -> None:
        """`signs`: whether signs of life are to be sent."""
        self._signs = signs
        self._next: LiveMessage | bytes | None = None
        self._signal = asyncio.Event()
        self._aborted = asyncio.Event()
        self._ended = False

    @property
    def busy(self) -> bool:
        """Whether a message is still being sent."""
        return self._next is not None

    @property
    def ready(self) -> bool:
        """Whether the last message has been sent."""
        return self._next is None and not self._ended

    def write(self, message: LiveMessage | bytes) -> None:
        """Passes a message on to the task."""
        self._next = message
        self._signal.set()

    def sign_of_life(self) -> None:
        """Sends a comment."""
        if self._signs:
            self.write(STILL_HERE)

    def end(self) -> None:
        """Ends it after the message that is being sent."""
        self._ended = True
        self._signal.set()

    def abort(self) -> None:
        """Ends it at once."""
        self._aborted.set()

    async def aborted(self) -> None:
        """Returns when it has been ended at once."""
        await self._aborted.wait()

    async def messages(self) -> AsyncIterator[LiveMessage | bytes]:
        """Yields message by message until the end; the next one is taken when one is sent."""
        while True:
            await self._signal.wait()
            self._signal.clear()
            if self._next is not None:
                yield self._next
                self._next = None
            if self._ended:
                return
