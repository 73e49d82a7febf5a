"""Connections between simulated servers: slow, cut, or frozen as when a process is stopped."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, cast

from fancymonkey.engine.cluster.frames import MessageChannel
from fancymonkey.engine.cluster.network import Accept, Listening
from tests.sim.loop import virtual_loop

TICK = 1e-6


class Wire:
    """One direction of a connection: keeps the order, and holds everything while it is frozen."""

    def __init__(self, chance: random.Random, frozen: Callable[[], bool]) -> None:
        self._chance, self._frozen = chance, frozen
        self._last = 0.0
        self.target: MessageChannel | None = None
        self._held: list[tuple[Callable[..., None], Any]] = []

    def deliver(self, work: Callable[..., None], value: Any) -> None:
        slow = self._chance.random() < 0.1
        latency = self._chance.uniform(0.0001, 0.05 if slow else 0.002)
        self._last = max(self._last + TICK, virtual_loop().time() + latency)
        virtual_loop().call_at(self._last, self._arrive, work, value)

    def _arrive(self, work: Callable[..., None], value: Any) -> None:
        if self._frozen() or self._held:
            self._held.append((work, value))
            if len(self._held) == 1:
                virtual_loop().call_later(0.005, self._thaw)
            return
        work(value)

    def _thaw(self) -> None:
        if self._frozen():
            virtual_loop().call_later(0.005, self._thaw)
            return
        held, self._held = self._held, []
        for work, value in held:
            work(value)


class SimTransport:
    """The transport of a channel."""

    def __init__(self, out: Wire, back: Wire, own: MessageChannel) -> None:
        self._out, self._back, self._own = out, back, own
        self._closed = False

    def write(self, data: bytes) -> None:
        assert self._out.target is not None
        if not self._closed:
            self._out.deliver(self._out.target.data_received, bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> None:
        return None

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if self._closed:
            return
        self._closed = True
        assert self._out.target is not None
        self._out.deliver(self._out.target.connection_lost, None)
        virtual_loop().call_soon(self._own.connection_lost, None)


class SimChannel(MessageChannel):
    """Between machines, nothing is encrypted here: no third party is simulated."""

    async def encrypt(self, *, accepting: bool) -> bytes:
        return b"a value of this connection"


class SimNetwork:
    """All servers of a simulated shop; each has its own `Access`."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.listening: dict[str, tuple[Accept, str]] = {}
        self.frozen: set[str] = set()
        self.channels: list[tuple[str, str, MessageChannel, MessageChannel]] = []
        self._number = 0

    def access(self, name: str, machine: str) -> "Access":
        """A server's connections to others; without `machine`, to those on other machines."""
        return Access(self, name, machine)

    def cut(self, name: str) -> None:
        """Ends the connections of a server, as its crash does."""
        for address, (_, owner) in list(self.listening.items()):
            if owner == name:
                del self.listening[address]
        for sender, other, first, second in self.channels:
            if name in (sender, other):
                first.connection_lost(None)
                second.connection_lost(None)
        self.channels = [row for row in self.channels if name not in row[:2]]

    def join(self, client: str, server: str, accept: Accept, remote: bool) -> MessageChannel:
        def frozen() -> bool:
            return bool(self.frozen & {client, server})

        there, back = Wire(self.chance, frozen), Wire(self.chance, frozen)
        first, second = SimChannel(remote=remote), SimChannel(accept, remote=remote)
        there.target, back.target = second, first
        self.channels.append((client, server, first, second))
        second.connection_made(cast(asyncio.BaseTransport, SimTransport(back, there, second)))
        first.connection_made(cast(asyncio.BaseTransport, SimTransport(there, back, first)))
        return first


class _SimListening:
    def __init__(self, network: SimNetwork, address: str) -> None:
        self._network, self._address = network, address

    def close(self) -> None:
        self._network.listening.pop(self._address, None)


class Access:
    """One server's connections to the others."""

    def __init__(self, network: SimNetwork, name: str, machine: str) -> None:
        self._network, self._name, self.machine = network, name, machine

    async def listen(self, accept: Accept) -> tuple[str, Listening]:
        self._network._number += 1
        address = f"{self._name} {self._network._number}"
        self._network.listening[address] = (accept, self._name)
        return address, _SimListening(self._network, address)

    async def connect(self, address: str) -> MessageChannel:
        await asyncio.sleep(self._network.chance.uniform(0.0001, 0.002))
        if address not in self._network.listening:
            raise ConnectionRefusedError(address)
        accept, server = self._network.listening[address]
        return self._network.join(self._name, server, accept, not self.machine)
