"""Connections between machines: TCP, encrypted with the secret of the lease.

The address that other servers connect to is the setting `CLUSTER_ADDRESS`, or else the address that
this machine has on its way to the database, with a port that the system chooses.
"""

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

from fancymonkey.engine.cluster import tls
from fancymonkey.engine.cluster.frames import MessageChannel
from fancymonkey.engine.cluster.network import Accept, Listening
from fancymonkey.settings.fields import host_and_port

CONNECT_SECONDS = 1.0
DATABASE_PORT = 5432
"""Any port: what counts is the way to the machine, and nothing is sent."""


class TcpNetwork:
    """The way to servers on other machines."""

    machine = ""

    def __init__(self, address: str | None, databases: Sequence[str]) -> None:
        """`address`: host or host:port, or None: worked out from the hosts of the database."""
        self._host, self._port = host_and_port(address) if address else ("", 0)
        self._databases = databases

    async def host(self) -> str:
        """The name or address of this machine for other servers; empty if it is not known."""
        return self._host or await local_address(self._databases)

    async def listen(self, accept: Accept) -> tuple[str, Listening]:
        """See `Network.listen`. The address is empty if other machines cannot reach this one."""
        host = await self.host()
        if not host:
            return "", _NotListening()
        if not tls.available():
            raise OSError("OpenSSL has no anonymous key exchange, so nothing can be encrypted")
        loop = asyncio.get_running_loop()

        def accepted() -> MessageChannel:
            return MessageChannel(accept, remote=True)

        try:
            server = await loop.create_server(accepted, host, self._port)
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRINUSE:
                raise
            # The name is that of a gateway: the port is forwarded to this machine.
            server = await loop.create_server(accepted, None, self._port)
        port = server.sockets[0].getsockname()[1]
        return joined(host, port), server

    async def connect(self, address: str) -> MessageChannel:
        """See `Network.connect`."""
        host, port = host_and_port(address)
        if not tls.available():
            raise OSError("OpenSSL has no anonymous key exchange, so nothing can be encrypted")
        async with asyncio.timeout(CONNECT_SECONDS):
            _, channel = await asyncio.get_running_loop().create_connection(
                lambda: MessageChannel(remote=True), host, port
            )
        return channel


class _NotListening:
    """A server without an address for other machines."""

    def close(self) -> None:
        """Does nothing."""


def joined(host: str, port: int) -> str:
    """The address as one text."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def database_hosts(url: str) -> list[str]:
    """The hosts that the URL of a database names. Directories of Unix sockets are left out."""
    parts = urlsplit(url)
    places = [*parts.netloc.rpartition("@")[2].split(",")]
    for name, value in parse_qsl(parts.query):
        if name in ("host", "direct"):
            places += value.split(",")
    hosts: list[str] = []
    for place in places:
        if place and not place.startswith("/"):
            with suppress(ValueError):
                hosts.append(host_and_port(place)[0])
    return hosts


async def local_address(databases: Sequence[str]) -> str:
    """The address that this machine has on its way to one of these hosts.

    Empty if all of them are this machine itself: then other machines may have no way here.
    """
    loop = asyncio.get_running_loop()
    for name in databases:
        with suppress(OSError):
            for family, kind, protocol, _, place in await loop.getaddrinfo(
                name, DATABASE_PORT, type=socket.SOCK_DGRAM
            ):
                with suppress(OSError), socket.socket(family, kind, protocol) as probe:
                    probe.connect(place)  # sends nothing: the system only looks up the way
                    own = str(probe.getsockname()[0])
                    if not own.startswith(("127.", "::1", "fe80:")):
                        return own
    return ""
