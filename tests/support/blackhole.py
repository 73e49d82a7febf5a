"""Addresses without an answer: no connection is refused or closed, and nothing is received.

A `Blackhole` is a proxy, so that existing connections can be cut off as well.
"""

import selectors
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

FULL_MAX = 16
"""A queue of connections that are not accepted is full before this many."""


class FullBacklog:
    """An address whose system drops each attempt to connect: more wait than it takes."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self._listening = socket.create_server((self.host, 0), backlog=0)
        self._waiting: list[socket.socket] = []
        while len(self._waiting) < FULL_MAX and self._connect():
            pass

    @property
    def address(self) -> tuple[str, int]:
        """The address on which it listens."""
        return (self.host, self._listening.getsockname()[1])

    def _connect(self) -> bool:
        """Whether the system accepted another connection."""
        connection = socket.socket()
        connection.settimeout(0.2)
        self._waiting.append(connection)
        try:
            connection.connect(self.address)
        except TimeoutError:
            return False
        return True

    def __enter__(self) -> Self:
        assert len(self._waiting) < FULL_MAX
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in (*self._waiting, self._listening):
            connection.close()


class Blackhole:
    """Forwards connections to an address, until `swallow` is called.

    Connections that are made after that are accepted by the system and never answered.
    """

    host = "127.0.0.1"

    def __init__(self, target: tuple[str, int] | None = None) -> None:
        """Without a `target` it drops everything from the start."""
        self._target = target
        self._swallowing = target is None
        self._partners: dict[socket.socket, socket.socket] = {}
        self._mute: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._listening = socket.create_server((self.host, 0))
        self._listening.setblocking(False)
        self._ends, self._end = socket.socketpair()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._ends, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.swallowed = 0
        """The number of dropped bytes."""

    @property
    def address(self) -> tuple[str, int]:
        """The address on which it listens."""
        return (self.host, self._listening.getsockname()[1])

    def swallow(self) -> None:
        """Delivers nothing from now on, in either direction."""
        with self._lock:
            self._swallowing = True

    def restore(self) -> None:
        """Forwards new connections again; those that lost bytes are closed."""
        with self._lock:
            self._swallowing = False
            for connection in (*self._partners, *self._mute):
                self._forget(connection)
            self._partners.clear()
            self._mute.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.close()
        self._thread.join(10)
        for connection in (*self._partners, *self._mute, self._listening, self._ends):
            connection.close()
        self._selector.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._ends:
                    return
                with self._lock:
                    if key.fileobj is self._listening:
                        self._accept()
                    else:
                        self._pass(key.fileobj)  # type: ignore[arg-type]

    def _accept(self) -> None:
        with suppress(OSError):
            near, _ = self._listening.accept()
            if self._swallowing or self._target is None:
                self._mute.append(near)
                return
            try:
                far = socket.create_connection(self._target, 5)
            except OSError:
                near.close()
                return
            for connection in (near, far):
                connection.settimeout(5)  # a write waits for a slow reader, a read never does
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(connection, selectors.EVENT_READ)
            self._partners |= {near: far, far: near}

    def _pass(self, connection: socket.socket) -> None:
        partner = self._partners.get(connection)
        if partner is None:
            return  # it was closed in the same turn
        try:
            data = connection.recv(1 << 16)
            if data and self._swallowing:
                self.swallowed += len(data)
                return
            if data:
                partner.sendall(data)
                return
        except OSError:
            pass
        if self._swallowing:  # its end is not delivered either
            with suppress(KeyError, ValueError):
                self._selector.unregister(connection)
            return
        for end in (connection, partner):
            self._partners.pop(end, None)
            self._forget(end)

    def _forget(self, connection: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        connection.close()
