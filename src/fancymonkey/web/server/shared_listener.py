"""Accepts connections of a listening socket that several processes share.

While another of these processes decides for this one, it gets the new connections: their requests
then need no second process. A connection that still waits after a pause is accepted here, because
that process is busy or has stopped.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from fancymonkey.web.server.processor_load import ProcessorLoad

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.02
"""A new connection waits this time for the process that decides."""
NO_FILES_SECONDS = 1.0
"""The pause after the system had no file or memory for a connection."""
AT_ONCE = 64
"""The most connections that are accepted in one turn of the event loop."""
NO_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Factory = Callable[[], asyncio.BaseProtocol]


class SharedListener:
    """A listening socket of several processes. Has those members of a server that uvicorn uses."""

    def __init__(
        self,
        listener: socket.socket,
        factory: Factory,
        others_first: Callable[[], bool],
    ) -> None:
        """`others_first` returns whether another process takes the connections."""
        self._loop = asyncio.get_running_loop()
        self._listener, self._factory = listener, factory
        self._others_first = others_first
        self._pause: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.sockets = (listener,)

    def start(self, backlog: int) -> None:
        """Listens and accepts."""
        self._listener.setblocking(False)
        self._listener.listen(backlog)
        self._loop.add_reader(self._listener.fileno(), self._readable)

    def close(self) -> None:
        """Accepts no more connections. The socket stays open for its other processes."""
        if self._closed:
            return
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener.fileno())

    async def wait_closed(self) -> None:
        """Returns when every accepted connection has its protocol."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _readable(self) -> None:
        if self._others_first():
            self._rest(PAUSE_SECONDS)
        else:
            self._accept(AT_ONCE)

    def _rest(self, seconds: float) -> None:
        """Accepts nothing for a time, and then a connection that is still there."""
        self._loop.remove_reader(self._listener.fileno())
        self._pause = self._loop.call_later(seconds, self._end_rest)

    def _end_rest(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener.fileno(), self._readable)
        self._accept(1)

    def _accept(self, most: int) -> None:
        for _ in range(most):
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in NO_FILES:
                    raise
                log.warning("no connection can be accepted: %s", error)
                self._rest(NO_FILES_SECONDS)
                return
            task = self._loop.create_task(self._begin(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, connection: socket.socket) -> None:
        """Gives a connection its protocol."""
        try:
            connection.setblocking(False)
            if connection.family in (socket.AF_INET, socket.AF_INET6):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._factory, connection)
        except OSError as error:  # the client has gone
            log.debug("a connection ended before it began: %s", error)
            connection.close()


class SharedListening:
    """The part of an event loop that accepts the connections of a shared socket."""

    def __init__(self) -> None:
        super().__init__()
        self.leaves: Callable[[int], bool] = _never
        """Whether another process takes the connections of this socket, by its number."""
        self._load = ProcessorLoad()
        self._number = 0

    async def create_server(
        self, protocol_factory: Any, *place: Any, sock: socket.socket | None = None, **more: Any
    ) -> Any:
        """Accepts connections: of a socket that was given, perhaps together with others."""
        if sock is None:
            return await super().create_server(protocol_factory, *place, **more)  # type: ignore[misc]
        number = self._number = os.fstat(sock.fileno()).st_ino
        shared = SharedListener(sock, protocol_factory, lambda: self.leaves(number))
        shared.start(more.get("backlog", 100))
        return shared

    def welcomes(self) -> int:
        """The number of the socket whose connections this process can take; 0 if it has no time.

        All processes of a socket have the same number for it. Call it regularly: the load is
        measured between two calls.
        """
        self._load.measure()
        return 0 if self._load.can_be_shared else self._number


def _never(number: int) -> bool:
    return False
