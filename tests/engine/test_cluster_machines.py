"""Two servers on two machines, over real TCP: attacks by unknown callers and from the network
between.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fancymonkey.core.outcomes import Accepted
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.cluster import cluster as cluster_module
from fancymonkey.engine.cluster import decider as decider_module
from fancymonkey.engine.cluster import frames, handshake, tcp, tls
from fancymonkey.engine.cluster.cluster import FOLDER, NAME, Cluster, DeciderLease
from fancymonkey.engine.cluster.codec import fingerprint, pack_commands
from fancymonkey.engine.cluster.frames import LinkLost, MessageChannel, WrongPeer
from fancymonkey.engine.cluster.network import UnixNetwork
from fancymonkey.engine.cluster.peer_clock import DRIFT, PeerClock
from fancymonkey.engine.cluster.tcp import TcpNetwork, database_hosts, local_address
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.fields import address_or_off, host_and_port
from fancymonkey.store.contract import Store
from tests.core.builders import take, upsert
from tests.engine.test_cluster import COUNT, SharedStore, lease_of, until

HERE = "127.0.0.1"
Servers = tuple[Engine, Cluster, Engine, Cluster]
Start = Callable[[str, bool], Awaitable[tuple[Engine, Cluster]]]


@pytest.fixture
async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    """Starts a server on a machine of its own; `between`: with a way to other machines."""
    monkeypatch.setattr(cluster_module, "LOOK_SECONDS", 0.05)
    store = cast(Store, SharedStore())
    started: list[tuple[Engine, Cluster]] = []

    async def server(machine: str, between: bool) -> tuple[Engine, Cluster]:
        engine = Engine(store, system_clock)
        await engine.open()
        if not started:
            await engine.submit(upsert("a", 0, 1000))
        (tmp_path / machine).mkdir(exist_ok=True)
        network = UnixNetwork(tmp_path / machine)
        cluster = Cluster(engine, network, between=TcpNetwork(HERE, ()) if between else None)
        cluster.start()
        started.append((engine, cluster))
        return engine, cluster

    yield server
    for _, cluster in reversed(started):
        await cluster.close()
    for engine, _ in reversed(started):
        await engine.close()


@pytest.fixture
async def servers(start: Start) -> Servers:
    """A decider, and a server on another machine that follows it."""
    first, decider = await start("first", True)
    await until(lambda: decider.decides_for is not None)
    second, follower = await start("second", True)
    await until(lambda: follower.follows)
    return first, decider, second, follower


async def remote_of(engine: Engine) -> tuple[str, int]:
    return host_and_port((await lease_of(engine)).remote)


async def works(servers: Servers, session: str) -> None:
    """A command of the second server is decided by the first one."""
    _, decider, second, follower = servers
    sent = follower.forwarded
    assert isinstance(await second.submit(take(session, a_M=1)), Accepted)
    assert follower.forwarded > sent
    assert decider.decides_for == 1


# -- two machines ----------------------------------------------------------------------------------


async def test_a_command_is_decided_on_another_machine(servers: Servers) -> None:
    first, _, second, _ = servers
    assert (await lease_of(first)).remote.startswith(f"{HERE}:")
    await works(servers, "s1")
    assert second.view.revision == first.view.revision
    assert second.view.levels == first.view.levels


async def test_servers_of_one_machine_use_its_sockets(start: Start) -> None:
    _, decider = await start("one", True)
    await until(lambda: decider.decides_for is not None)
    _, follower = await start("one", False)
    await until(lambda: follower.follows)


@pytest.mark.parametrize("between", [(True, False), (False, True), (False, False)])
async def test_without_a_way_each_machine_decides_by_itself(
    start: Start, between: tuple[bool, bool]
) -> None:
    first, decider = await start("first", between[0])
    await until(lambda: decider.decides_for is not None)
    second, other = await start("second", between[1])
    await until(lambda: other.lease.name)
    assert other.role == "alone"
    for number, engine in enumerate((second, first, second)):
        assert isinstance(await engine.submit(take(f"s{number}", a_M=1)), Accepted)
    assert other.forwarded == 0


async def test_nothing_is_sent_where_nothing_can_be_encrypted(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "available", lambda: False)
    first, decider = await start("first", True)
    await until(lambda: decider.decides_for is not None)
    assert (await lease_of(first)).remote == ""
    second, other = await start("second", True)
    await until(lambda: other.lease.name)
    with pytest.raises(OSError, match="nothing can be encrypted"):
        await TcpNetwork(HERE, ()).connect(f"{HERE}:1")
    assert isinstance(await second.submit(take("s", a_M=1)), Accepted)
    assert other.role == "alone"


async def test_another_secret_in_the_lease_replaces_the_connections(servers: Servers) -> None:
    """The owner, or an older copy of the database, has changed it."""
    first, decider, second, follower = servers
    leases = DocumentCollection(first, FOLDER, DeciderLease)
    stored = await leases.get(NAME)
    assert stored is not None
    before, changed = stored.value.secret, "0" * 64
    stored.value.secret = changed
    await leases.put(NAME, stored.value, stored.version)
    await until(lambda: decider.lease.secret not in (before, changed))
    await until(lambda: follower.follows and decider.decides_for == 1)
    await works(servers, "s1")
    assert (await lease_of(second)).secret == follower.lease.secret == decider.lease.secret


async def test_a_new_address_of_the_decider_is_followed(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, decider, _, follower = servers
    before = (await lease_of(first)).remote
    network = cast(TcpNetwork, decider._between)
    network._host = "localhost"
    await until(lambda: decider.lease.remote.startswith("localhost:") and follower.follows)
    assert decider.lease.remote != before
    await until(lambda: decider.decides_for == 1)
    await works(servers, "s1")


async def test_a_refused_address_alone_does_not_take_the_lease(start: Start) -> None:
    """A firewall may refuse what the decider would accept."""
    first, decider = await start("first", True)
    await until(lambda: decider.decides_for is not None)
    leases = DocumentCollection(first, FOLDER, DeciderLease)
    stored = await leases.get(NAME)
    assert stored is not None
    decider._task and decider._task.cancel()  # as if it were far away
    stored.value.remote = f"{HERE}:1"
    await leases.put(NAME, stored.value, stored.version)
    second, other = await start("second", True)
    await until(lambda: other.lease.name)
    assert isinstance(await second.submit(take("s", a_M=1)), Accepted)
    assert (await lease_of(first)).name == stored.value.name


@pytest.mark.parametrize("turns", range(0, 12, 2))
async def test_a_command_that_crosses_the_decider_s_farewell_is_decided(
    servers: Servers, turns: int
) -> None:
    """It was sent before its sender had the notice, and arrives at a server that takes no more."""
    _, decider, second, follower = servers
    assert decider._task is not None
    decider._task.cancel()
    sent = follower.forwarded

    async def later() -> object:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await second.submit(take("s1", a_M=1))

    _, answer = await asyncio.gather(decider._step_down(), later())
    assert isinstance(answer, Accepted)
    assert follower.forwarded - sent in (0, 1)


# -- unknown callers -------------------------------------------------------------------------------

GARBAGE = {
    "nothing": b"",
    "text": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a TLS greeting": bytes.fromhex("16030100c8010000c40303") + b"r" * 200,
    "a long message": (2**31).to_bytes(4, "big") + b"x" * 5000,
    "not msgpack": b"\0\0\0\3\xc1\xc1\xc1",
    "many small messages": frames.frame_bytes(frames.Leaving()) * 50_000,
    "a batch without a greeting": frames.frame_bytes(
        frames.CommandBatch(1, 0.0, frames.msgspec.Raw(pack_commands([COUNT])))
    ),
    "a wrong proof": frames.frame_bytes(frames.Hello(b"n" * 32, b"p" * 32, fingerprint())),
}


async def _received(servers: Servers, sent: bytes) -> bytes:
    """Everything that the decider sends before it ends the connection."""
    reader, writer = await asyncio.open_connection(*await remote_of(servers[0]))
    writer.write(sent)
    received = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(5):
            while part := await reader.read(100):
                received += part
    writer.close()
    return received


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
async def test_an_unknown_caller_gets_and_does_nothing(servers: Servers, sent: bytes) -> None:
    revision = servers[0].view.revision
    assert len(await _received(servers, sent)) < 64  # the random bytes of the challenge
    assert servers[0].view.revision == revision
    await works(servers, "s1")


async def test_a_wrong_secret_is_refused(servers: Servers) -> None:
    channel = await TcpNetwork(HERE, ()).connect((await lease_of(servers[0])).remote)
    with pytest.raises(LinkLost):
        await handshake.introduce(channel, "x")
    channel.abort()
    await works(servers, "s1")


class Recorder:
    """A point of the network on the way of a connection, which records the bytes."""

    def __init__(self, there: tuple[str, int]) -> None:
        self.there = there
        self.sent: list[bytes] = []
        self.seen = b""
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._accept, HERE, 0)
        return f"{HERE}:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self.there)
        self._writers += [writer, up_writer]
        for source, target, own in ((reader, up_writer, True), (up_reader, writer, False)):
            self._tasks.add(asyncio.create_task(self._pass(source, target, own)))

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, own: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                self.seen += data
                if own:
                    self.sent.append(data)
                target.write(data)
        target.close()


async def test_the_network_sees_neither_commands_nor_the_secret(servers: Servers) -> None:
    lease = await lease_of(servers[0])
    recorder = Recorder(host_and_port(lease.remote))
    async with recorder as address:
        channel = await TcpNetwork(HERE, ()).connect(address)
        await handshake.introduce(channel, lease.secret)
        channel.send(frames.CommandBatch(1, 1e9, frames.msgspec.Raw(pack_commands([COUNT]))))
        while not isinstance(await channel.receive(), frames.Answers):
            pass
        channel.abort()
    assert servers[0].view.stock("a/M").on_hand == COUNT.quantity
    assert len(recorder.seen) > 1000
    for word in (b"a/M", lease.secret.encode(), bytes.fromhex(lease.secret), b"batch", b"answers"):
        assert word not in recorder.seen


async def test_a_recorded_handshake_is_of_no_use(servers: Servers) -> None:
    lease = await lease_of(servers[0])
    recorder = Recorder(host_and_port(lease.remote))
    async with recorder as address:
        channel = await TcpNetwork(HERE, ()).connect(address)
        await handshake.introduce(channel, lease.secret)
        channel.send(frames.CommandBatch(1, 1e9, frames.msgspec.Raw(pack_commands([COUNT]))))
        while not isinstance(await channel.receive(), frames.Answers):
            pass
        channel.abort()
    await until(lambda: servers[1].decides_for == 1)
    revision = servers[0].view.revision
    for sent in (recorder.sent[:1], recorder.sent):
        assert len(await _received(servers, b"".join(sent))) < 64
    assert servers[0].view.revision == revision
    await works(servers, "s1")


async def test_a_machine_in_between_is_noticed(servers: Servers) -> None:
    """It passes the proofs on, and encrypts both ways with keys of its own."""
    lease = await lease_of(servers[0])
    network, passed = TcpNetwork(HERE, ()), []

    async def between(caller: MessageChannel) -> None:
        decider = await network.connect(lease.remote)
        with suppress(LinkLost):
            caller.send(await decider.receive())
            decider.send(await caller.receive())
            caller.send(await decider.receive())
            await asyncio.gather(caller.encrypt(accepting=True), decider.encrypt(accepting=False))
            passed.append("encrypted")
            decider.send(await caller.receive())
            passed.append("sealed")
            caller.send(await decider.receive())
            passed.append("trusted")
        decider.abort()
        caller.abort()

    tasks: list[asyncio.Task[None]] = []
    address, listening = await network.listen(
        lambda caller: tasks.append(asyncio.create_task(between(caller)))
    )
    channel = await network.connect(address)
    with pytest.raises(LinkLost):
        await handshake.introduce(channel, lease.secret)
    await asyncio.gather(*tasks)
    listening.close()
    assert passed == ["encrypted", "sealed"]
    assert servers[1].decides_for == 1


async def test_bytes_before_the_encryption_are_refused(servers: Servers) -> None:
    """Otherwise they would be read as the first bytes of the encrypted connection."""
    lease = await lease_of(servers[0])
    channel = await TcpNetwork(HERE, ()).connect(lease.remote)
    challenge = await channel.receive()
    assert isinstance(challenge, frames.Challenge)
    nonce = b"n" * 32
    proof = handshake._proof(lease.secret, b"server", challenge.nonce, nonce)
    early = frames.CommandBatch(1, 1e9, frames.msgspec.Raw(pack_commands([COUNT])))
    channel.write(
        frames.frame_bytes(frames.Hello(nonce, proof, fingerprint())) + frames.frame_bytes(early)
    )
    revision = servers[0].view.revision
    await channel.ended()
    assert servers[0].view.revision == revision
    assert servers[1].decides_for == 1


async def test_a_flood_of_connections_does_not_stop_the_decider(servers: Servers) -> None:
    """Half-open connections: the oldest are closed, servers still work and can still connect."""
    lease = await lease_of(servers[0])
    place = host_and_port(lease.remote)
    async with AsyncExitStack() as stack:
        for number in range(4 * decider_module.STRANGERS_MAX):
            _, writer = await asyncio.open_connection(*place)
            stack.callback(writer.close)
            if number % 50 == 0:
                await works(servers, f"s{number}")
            decider = servers[1]._decider
            assert decider is not None
            assert len(decider._strangers) <= decider_module.STRANGERS_MAX
        channel = await TcpNetwork(HERE, ()).connect(lease.remote)
        await handshake.introduce(channel, lease.secret)
        channel.abort()
        await until(lambda: servers[1].decides_for == 1)
        await works(servers, "the last")
    await asyncio.sleep(0)


async def test_a_silent_caller_is_disconnected(servers: Servers) -> None:
    decider = servers[1]._decider
    assert decider is not None
    reader, writer = await asyncio.open_connection(*await remote_of(servers[0]))
    assert len(await reader.read(1000)) < 64
    assert await reader.read(1000) == b""  # the decider has ended it
    writer.close()
    await until(lambda: not decider._strangers)


async def test_an_impostor_is_not_followed() -> None:
    """Another program has the address of an ended decider."""
    network = TcpNetwork(HERE, ())

    def impostor(channel: MessageChannel) -> None:
        channel.send(frames.Challenge(b"c" * 32))
        channel.pass_to(lambda _: channel.send(frames.Welcome(b"w" * 32, 0.0)))

    address, listening = await network.listen(impostor)
    channel = await network.connect(address)
    with pytest.raises(WrongPeer):
        await handshake.introduce(channel, "the secret")
    channel.abort()
    listening.close()


# -- clocks and addresses --------------------------------------------------------------------------


@given(
    ahead=st.floats(-1e6, 1e6),
    drift=st.floats(-DRIFT, DRIFT),
    messages=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 2)), min_size=1, max_size=8),
    later=st.floats(0, 100),
)
def test_the_clock_of_another_machine_is_never_ahead_of_itself(
    ahead: float, drift: float, messages: list[tuple[float, float]], later: float
) -> None:
    clock, now = PeerClock(shared=False), 0.0
    for pause, delay in messages:
        now += pause + delay
        theirs = (now - delay) * (1 + drift) + ahead
        clock.heard(theirs, now)
    now += later
    reached, true = clock.reached(now), now * (1 + drift) + ahead
    assert reached <= true + 1e-6
    assert reached >= true - messages[-1][1] - 2 * DRIFT * (later + messages[-1][1]) - 1e-6


def test_processes_of_one_machine_have_one_clock() -> None:
    clock = PeerClock(shared=True)
    clock.heard(7.0, 5.0)
    assert clock.reached(6.0) == 6.0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("10.0.0.5", ("10.0.0.5", 0)),
        ("shop-a", ("shop-a", 0)),
        ("shop-a.example:7000", ("shop-a.example", 7000)),
        ("fd00::5", ("fd00::5", 0)),
        ("[fd00::5]", ("fd00::5", 0)),
        ("[fd00::5]:7000", ("fd00::5", 7000)),
    ],
)
def test_an_address_is_a_host_with_or_without_a_port(text: str, place: tuple[str, int]) -> None:
    assert host_and_port(text) == place
    assert address_or_off(text) == text
    host, port = place
    assert host_and_port(tcp.joined(host, port or 7)) == (host, port or 7)


@pytest.mark.parametrize(
    "text", ["", ":7000", "a:", "a:70000", "a:b", "http://a", "a b", "[fd00::5]:x"]
)
def test_other_texts_are_not_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="or off"):
        address_or_off(text)


def test_off_is_written_in_any_case() -> None:
    assert address_or_off("OFF") == "off"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p@db/shop", ["db"]),
        ("postgresql://db1:5432,db2:5433/shop?target_session_attrs=primary", ["db1", "db2"]),
        ("postgresql://u@/shop?host=/run/postgresql", []),
        ("postgresql://u@/shop?host=/run/postgresql,db", ["db"]),
        ("postgresql://u@pooler:6432/shop?direct=db:5432", ["pooler", "db"]),
        ("postgresql://u@[fd00::5]:5432/shop", ["fd00::5"]),
    ],
)
def test_the_hosts_of_a_database(url: str, hosts: list[str]) -> None:
    assert database_hosts(url) == hosts


async def test_a_database_on_this_machine_gives_no_address() -> None:
    assert await local_address(["127.0.0.1", "localhost", "no-such-host.invalid"]) == ""
    address, listening = await TcpNetwork(None, ["127.0.0.1"]).listen(lambda channel: None)
    assert address == ""
    listening.close()


async def test_the_address_of_the_connection_to_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Probe(tcp.socket.socket):
        def connect(self, place: object) -> None:
            assert place == ("192.0.2.7", tcp.DATABASE_PORT)

        def getsockname(self) -> tuple[str, int]:
            return "192.0.2.1", 4711

    monkeypatch.setattr(tcp.socket, "socket", Probe)
    assert await local_address(["192.0.2.7"]) == "192.0.2.1"


def test_the_group_of_the_key_exchange_is_the_one_of_rfc_7919() -> None:
    """2^3072 - 2^3008 + (floor(2^2942 e) + 2625351) 2^64 - 1, and the generator 2."""
    import base64
    from decimal import Decimal, localcontext
    from importlib.resources import files

    text = (files(tls.__package__) / tls.GROUP).read_text("ascii")
    numbers = base64.b64decode("".join(text.split("\n")[1:-2]))
    with localcontext() as context:
        context.prec = 1000
        e = Decimal(1).exp()
        prime = 2**3072 - 2**3008 + (int(e * 2**2942) + 2625351) * 2**64 - 1
    assert numbers[4 + 4 : 4 + 4 + 385] == b"\0" + prime.to_bytes(384, "big")
    assert numbers[-3:] == b"\x02\x01\x02"
