"""Finds the server that decides for all, follows it, and takes its place when it is gone.

The lease names the decider. It is a hint: a write is always conditional on the version of the
ledger's head, so two deciders, none, or an outdated lease only cost time.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Literal

from msgspec import Struct

from fancymonkey.engine.cluster.decider import Decider
from fancymonkey.engine.cluster.frames import LinkLost, MessageChannel, WrongPeer
from fancymonkey.engine.cluster.handshake import introduce
from fancymonkey.engine.cluster.link import BELL_SECONDS, LOST_SECONDS, Link
from fancymonkey.engine.cluster.network import Network, UnixNetwork, gone
from fancymonkey.engine.cluster.peer_clock import PeerClock
from fancymonkey.engine.cluster.tcp import TcpNetwork
from fancymonkey.engine.documents import Conflict, DocumentCollection, StoredDocument
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import StoreError
from fancymonkey.settings.fields import host_and_port

log = logging.getLogger(__name__)

FOLDER, NAME = "cluster", "decider"
LOOK_SECONDS = 2.0
"""The interval at which the lease is read, and renewed while others use the database."""
STALE_SECONDS = 6.0
"""A lease that was not renewed for this long may be taken from a server that cannot be reached."""
RETRY_SECONDS = 0.5
RELEASE_SECONDS = 2.0
"""The time for which a stop of the server waits for the store."""


class DeciderLease(Struct):
    """The server that decides; none if `name` is empty. `since` is a time in ms.

    `address` is for servers on its `machine`, `remote` for those on others; each may be empty.
    """

    name: str = ""
    address: str = ""
    machine: str = ""
    secret: str = ""
    since: int = 0
    remote: str = ""


Stored = StoredDocument[DeciderLease]


class Cluster:
    """This server's part among the servers on one database."""

    def __init__(
        self,
        engine: Engine,
        network: Network | None = None,
        timer: Callable[[], float] = perf_counter,
        between: Network | None = None,
    ) -> None:
        """`network` is the way to servers on this machine, by default Unix sockets.

        `between` is the way to those on other machines; None: each machine decides by itself.
        """
        self._engine = engine
        self._network = network or UnixNetwork()
        self._between = between
        self._timer = timer
        self._me = secrets.token_hex(8)
        self._documents = DocumentCollection(engine, FOLDER, DeciderLease)
        self._decider: Decider | None = None
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self._gone: str | None = None
        """The secret of a lease whose decider gave no sign of life."""
        self._met: str | None = None
        """The secret of the lease of the decider that was followed last."""
        self._seen: tuple[int, float] = (-1, 0.0)
        self._forwarded = self._taken = 0
        self._warned = ""
        self.lease = DeciderLease()
        """The lease as it was last read."""
        self.welcomes: Callable[[], int] = int
        """Returns the number of the listening socket whose connections this process takes, or 0.

        Other processes of that socket leave its connections to this one while it decides.
        """

    @property
    def decides_for(self) -> int | None:
        """The number of servers that this one decides for; None while it is not the decider."""
        return None if self._decider is None else self._decider.peers

    @property
    def follows(self) -> bool:
        """Whether another server decides for this one."""
        return self._link is not None and self._link.open

    def leaves(self, socket: int) -> bool:
        """Whether another process, which decides, takes the connections of this listening socket.

        The number of a socket is the same in all its processes.
        """
        return self._link is not None and self._link.leaves(socket)

    @property
    def role(self) -> Literal["decides", "follows", "alone"]:
        """Whether this server decides for all, follows another, or decides for itself."""
        if self._decider is not None:
            return "decides"
        return "follows" if self.follows else "alone"

    @property
    def forwarded(self) -> int:
        """The number of commands that this server has sent to a decider."""
        return self._forwarded + (0 if self._link is None else self._link.forwarded)

    @property
    def taken(self) -> int:
        """The number of commands of others that this server has decided."""
        return self._taken + (0 if self._decider is None else self._decider.forwarded)

    def start(self) -> None:
        """Starts to look for the decider."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="cluster")

    async def close(self) -> None:
        """Finishes running commands, and gives the lease back."""
        if self._link is not None:
            await self._leave(self._link)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._step_down(release=True)

    async def _leave(self, link: Link) -> None:
        link.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOST_SECONDS):
                while link.busy:
                    await link.wait()

    async def _run(self) -> None:
        while True:
            wait = RETRY_SECONDS
            try:
                wait = await self._look()
            except Conflict:
                wait = secrets.randbelow(50) / 1000  # another server has taken it
            except StoreError as error:
                log.info("the lease of the decider cannot be read: %s", error)
            except OSError as error:
                self._warn(f"this server cannot decide for others: {error}")
                wait = LOOK_SECONDS
            except Exception:
                log.exception("the search for the decider failed")
                wait = LOOK_SECONDS
            await asyncio.sleep(wait)

    def _warn(self, text: str) -> None:
        """Logs a problem that is new."""
        if text != self._warned:
            log.warning("%s", text)
        self._warned = text

    async def _look(self) -> float:
        """Reads the lease, acts on it, and returns after how long (s) to look again."""
        stored = await self._documents.get(NAME)
        self.lease = DeciderLease() if stored is None else stored.value
        if self._decider is not None:
            if self.lease.name != self._me or stored is None:
                await self._step_down()
            elif not self._decider.knows(self.lease.secret) or await self._moved():
                self._decider.accept_no_more()
                await self._take(stored)
                return LOOK_SECONDS
            else:
                await self._renew(stored)
                return LOOK_SECONDS
        if (
            stored is None
            or not self.lease.name
            or self._stale(stored)
            or self.lease.secret == self._gone
            or self.lease.name == self._me
        ):
            await self._take(stored)
        else:
            return await self._follow(stored)
        return LOOK_SECONDS

    def _stale(self, stored: Stored) -> bool:
        """Whether the lease has not changed for long, by this server's monotonic clock."""
        now = asyncio.get_running_loop().time()
        if self._seen[0] != stored.version:
            self._seen = (stored.version, now)
        return now - self._seen[1] > STALE_SECONDS

    async def _renew(self, stored: Stored) -> None:
        if await self._engine.store.other_writers():
            await self._documents.put(NAME, self.lease, stored.version)

    async def _take(self, stored: Stored | None) -> None:
        """Becomes the decider, or stays it with a new secret and address.

        Raises Conflict, StoreError, OSError.
        """
        secret = secrets.token_hex(32)
        decider = Decider(self._engine, secret, self._timer, self.welcomes)
        networks = [self._network, *([] if self._between is None else [self._between])]
        address, *remote = await decider.start(networks)
        now = self._engine.clock()
        lease = DeciderLease(self._me, address, self._network.machine, secret, now, "".join(remote))
        try:
            await self._documents.put(NAME, lease, 0 if stored is None else stored.version)
        except BaseException:
            await decider.stop()
            raise
        former, self._decider = self._decider, decider
        self.lease, self._gone = lease, None
        log.info("this server decides for all servers of the database now")
        if former is not None:
            self._taken += former.forwarded
            await former.stop()

    async def _step_down(self, *, release: bool = False) -> None:
        decider, self._decider = self._decider, None
        if decider is None:
            return
        if release:  # first, so that the others find no decider when they are left
            with suppress(Conflict, StoreError, TimeoutError):
                await self._release()
        self._taken += decider.forwarded
        await decider.stop()
        log.info("this server no longer decides for others")

    async def _release(self) -> None:
        """Gives the lease back, unless the store does not answer."""
        async with asyncio.timeout(RELEASE_SECONDS):
            stored = await self._documents.get(NAME)
            if stored is not None and stored.value.name == self._me:
                await self._documents.put(NAME, DeciderLease(), stored.version)

    async def _follow(self, stored: Stored) -> float:
        """Follows the decider until the connection ends. Returns when to look again (s)."""
        lease = stored.value
        network, address = self._way(lease)
        if network is None or not address:
            return LOOK_SECONDS  # there is no way: each decides by itself
        clock = PeerClock(shared=network is self._network)
        try:
            channel = await self._connect(network, address, lease.secret, clock)
        except (LinkLost, OSError, TimeoutError) as error:
            # Another machine may also refuse what its firewall does not let through.
            if gone(error) and (network is self._network or lease.secret == self._met):
                await self._take(stored)
                return LOOK_SECONDS
            log.info("the server that decides cannot be reached: %r", error)
            return LOOK_SECONDS if isinstance(error, WrongPeer) else RETRY_SECONDS
        self._met = lease.secret
        batcher = self._engine.batcher
        link = self._link = batcher.route = Link(self._engine, channel, self._timer, clock)
        self._engine.bell_seconds = BELL_SECONDS
        log.info("another server decides for this one now")
        batcher.wake()
        try:
            await link.run()
        finally:
            self._link = batcher.route = None
            self._engine.bell_seconds = 0.0
            self._forwarded += link.forwarded
            batcher.wake()
        self._gone = lease.secret if link.silent else None
        return 0.0

    def _way(self, lease: DeciderLease) -> tuple[Network | None, str]:
        """The network on which the decider can be reached, and its address there."""
        if lease.machine == self._network.machine:
            return self._network, lease.address
        return self._between, lease.remote

    async def _connect(
        self, network: Network, address: str, secret: str, clock: PeerClock
    ) -> MessageChannel:
        channel = await network.connect(address)
        try:
            clock.heard(await introduce(channel, secret), self._timer())
        except BaseException:
            channel.abort()
            raise
        return channel

    async def _moved(self) -> bool:
        """Whether this machine's address for other machines is another one than in the lease."""
        if not isinstance(self._between, TcpNetwork) or not self.lease.remote:
            return False
        host = await self._between.host()
        return bool(host) and host != host_and_port(self.lease.remote)[0]
