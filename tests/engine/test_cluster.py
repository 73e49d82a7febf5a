"""Two servers in one process over real sockets: admission, and the messages between them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fancymonkey.core.answers import CommandAnswer
from fancymonkey.core.command import Command
from fancymonkey.core.execute import RULES, DryRun, RecordEvent
from fancymonkey.core.holds.end import Expire
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.outcomes import Accepted, Code, Refused
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.engine.clock import system_clock
from fancymonkey.engine.cluster import frames, handshake
from fancymonkey.engine.cluster.cluster import FOLDER, NAME, Cluster, DeciderLease
from fancymonkey.engine.cluster.codec import (
    PLAIN,
    fingerprint,
    pack_answers,
    pack_commands,
    sendable,
    unpack_answers,
    unpack_commands,
)
from fancymonkey.engine.cluster.network import UnixNetwork
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import DataError, Overloaded, StoreUnavailable
from fancymonkey.store.contract import Store
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.operation.overview import _servers_health
from fancymonkey.web.context import AppContext
from fancymonkey.web.system.metrics import ClusterMetrics
from tests.core.builders import take, upsert
from tests.store.scripts import catalogue, script

# -- messages -------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_every_command_arrives_as_it_was_sent(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=4))
    commands: list[Command] = [data.draw(st.from_type(kind)) for kind in kinds]
    effect = data.draw(st.sampled_from([None, commands[0]]))
    commands.append(RecordEvent(event_id="e", type="t", object_id="o", effect=effect))
    try:
        packed = pack_commands(commands)
    except OverflowError:
        hypothesis.reject()  # a number of more than 64 bits, as below
    arrived = unpack_commands(packed)
    assert [type(command) for command in arrived] == [type(command) for command in commands]
    assert [repr(command) for command in arrived] == [repr(command) for command in commands]


def test_commands_that_would_change_on_their_way_are_not_sent() -> None:
    """Their values may be of any type: a tuple would arrive as a list."""
    covered = {kind.__name__ for kind in RULES if kind not in PLAIN}
    assert covered == {
        *("SetItem", "EditFields", "ChangeSet", "SkuCommands", "CommandGroup", "DryRun"),
        "RecordEvent",  # has a way of its own
    }
    event = RecordEvent(event_id="e", type="t", object_id="o", effect=DryRun(command=COUNT))
    assert not sendable(DryRun(command=COUNT))
    assert not sendable(event)


def test_answers_and_errors_arrive() -> None:
    answers = [
        Accepted({"a": [1, None, True, "é"]}, replayed=True),
        Refused(Code.SOLD_OUT, "None left.", [{"sku": "a/M"}]),
        Overloaded("full"),
        DataError("a row"),
        StoreUnavailable("away"),
    ]
    arrived = unpack_answers(pack_answers(answers), [Expire()] * len(answers))
    assert arrived[:2] == answers[:2]
    assert [(type(arrival), str(arrival)) for arrival in arrived[2:]] == [
        (type(answer), str(answer)) for answer in answers[2:]
    ]


def test_an_answer_that_cannot_be_sent_does_not_take_others_with_it() -> None:
    packed = pack_answers([Accepted(object()), Accepted(1)])
    first, second = unpack_answers(packed, [Expire(), Expire()])
    assert isinstance(first, StoreUnavailable)
    assert second == Accepted(1)


# -- two servers -----------------------------------------------------------------------------------

COUNT = Count(sku="a/M", location=DEFAULT_LOCATION, quantity=7)
Servers = tuple[Engine, Cluster, Engine, Cluster]


class SharedStore(MemoryStore):
    """One store of two engines: the second does not clear it, and the last one closes it."""

    async def close(self) -> None:
        pass


async def until(check: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not check():
            await asyncio.sleep(0.005)


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    """A decider, and a server that follows it."""
    store = cast(Store, SharedStore())
    first, second = Engine(store, system_clock), Engine(store, system_clock)
    await first.open()
    await first.submit(upsert("a"))
    await second.open()
    clusters = [Cluster(engine, UnixNetwork(tmp_path)) for engine in (first, second)]
    for cluster in clusters:
        cluster.start()
        await until(lambda cluster=cluster: cluster.follows or cluster.decides_for is not None)
    yield first, clusters[0], second, clusters[1]
    for cluster in reversed(clusters):
        await cluster.close()
    for engine in (second, first):
        await engine.close()


async def test_a_command_is_decided_by_the_other_and_shown_here(servers: Servers) -> None:
    first, decider, second, follower = servers
    assert decider.decides_for == 1
    before = second.batcher.commands
    answer = await second.submit(take("s1", a_M=2))
    assert isinstance(answer, Accepted)
    assert second.view.revision == first.view.revision == answer.data.revision
    assert second.view.levels == first.view.levels
    assert (follower.forwarded, decider.taken, second.batcher.commands) == (1, 1, before)


async def test_the_metrics_show_the_decider_and_the_sent_commands(servers: Servers) -> None:
    first, decider, second, follower = servers
    await second.submit(take("s1", a_M=2))
    shown = [_numbers(cluster) for cluster in (decider, follower, None)]
    assert [row["fancymonkey_decider_role"] for row in shown] == ["decides", "follows", "alone"]
    assert [row["fancymonkey_decider_followers"] for row in shown] == [1, 0, 0]
    assert [row["fancymonkey_commands_forwarded"] for row in shown] == [0, 1, 0]
    assert [row["fancymonkey_commands_decided_for_others"] for row in shown] == [1, 0, 0]
    assert (decider.role, follower.role) == ("decides", "follows")
    since = (await lease_of(first)).since / 1000
    assert [row["fancymonkey_decider_since_timestamp_seconds"] for row in shown] == [
        since,
        since,
        0,
    ]


async def test_the_overview_shows_the_decider(servers: Servers) -> None:
    first, decider, second, follower = servers
    await second.submit(take("s1", a_M=2))
    since = iso((await lease_of(first)).since)
    shown = [
        _servers_health(cast(AppContext, SimpleNamespace(engine=engine, cluster=cluster)))
        for engine, cluster in ((first, decider), (second, follower))
    ]
    assert shown[0] == {
        "role": "decides",
        "since": since,
        "followers": 1,
        "forwarded": 0,
        "behindMs": 0,
    }
    assert (shown[1]["role"], shown[1]["since"], shown[1]["forwarded"]) == ("follows", since, 1)


def _numbers(cluster: Cluster | None) -> dict[str, object]:
    answers_by_key: dict[str, object] = {}
    for family in ClusterMetrics(cluster).collect():
        for sample in family.samples:
            if "role" not in sample.labels:
                answers_by_key[family.name] = sample.value
            elif sample.value:
                answers_by_key[family.name] = sample.labels["role"]
    return answers_by_key


async def test_a_refusal_is_counted_once(servers: Servers) -> None:
    first, _, second, _ = servers
    assert isinstance(await second.submit(take("s1", a_M=99)), Refused)
    assert sum(first.refused.values()) == 1
    assert not second.refused


async def test_a_command_that_cannot_be_sent_is_decided_here(servers: Servers) -> None:
    _, _, second, follower = servers
    assert isinstance(await second.submit(DryRun(command=COUNT)), Accepted)
    assert follower.forwarded == 0


@pytest.mark.parametrize("actor", ["\ud800", 2**70])
async def test_values_that_cannot_be_sent_are_decided_here(servers: Servers, actor: Any) -> None:
    _, _, second, follower = servers
    adjust = Adjust(sku="a/M", location=DEFAULT_LOCATION, delta=1, actor=actor)
    assert isinstance(await second.submit(adjust), Accepted)
    assert follower.forwarded == 0


async def test_the_store_s_usual_commands_are_answered_alike(servers: Servers) -> None:
    """Every command of a long script, on a server that follows and on one that is alone."""
    _, _, second, follower = servers
    alone = Engine(cast(Store, MemoryStore()), system_clock)
    await alone.open()
    await alone.submit(upsert("a"))
    for command in (*catalogue(), *script(7, 150)):
        answers = [await engine.submit(command) for engine in (second, alone)]
        assert _without_times(answers[0]) == _without_times(answers[1]), command
    assert follower.forwarded > 80
    assert {key: level.on_hand for key, level in second.view.levels.items()} == {
        key: level.on_hand for key, level in alone.view.levels.items()
    }
    assert second.view.products.keys() == alone.view.products.keys()
    await alone.close()


def _without_times(value: Any) -> Any:
    if isinstance(value, Accepted):
        return _without_times(value.data)
    if isinstance(value, CommandAnswer):
        return type(value), _without_times(value.stored())
    if isinstance(value, dict):
        return {
            key: _without_times(item)
            for key, item in value.items()
            if key not in ("at", "expires_at", "revision", "updated_at")
        }
    return [_without_times(item) for item in value] if isinstance(value, (list, tuple)) else value


async def test_another_takes_over_when_the_decider_leaves(servers: Servers) -> None:
    _, decider, second, follower = servers
    await decider.close()
    assert isinstance(await second.submit(take("s1", a_M=1)), Accepted)
    await until(lambda: follower.decides_for is not None)
    assert isinstance(await second.submit(take("s2", a_M=1)), Accepted)


async def test_a_full_queue_of_the_decider_is_reported(servers: Servers) -> None:
    first, _, second, _ = servers
    first.batcher._queue_max = 0
    with pytest.raises(Overloaded):
        await second.submit(take("s1", a_M=1))


async def test_a_refused_second_attempt_does_not_count(servers: Servers) -> None:
    """The first attempt may still run on the decider, and succeed after the refusal."""
    _, _, _, follower = servers
    link = follower._link
    assert link is not None
    loop = asyncio.get_running_loop()
    outcomes: list[asyncio.Future[Any]] = [loop.create_future() for _ in range(3)]
    deltas = (-99, 1, 1)
    batch = [
        (
            Adjust(
                sku="a/M",
                location=DEFAULT_LOCATION,
                delta=delta,
                command_id=f"c{n}" if n < 2 else None,
            ),
            1,
            outcome,
        )
        for n, (delta, outcome) in enumerate(zip(deltas, outcomes, strict=True))
    ]
    link._end_unknown(batch)
    answers = await asyncio.gather(*outcomes, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable, Accepted, StoreUnavailable]


# -- who may connect -------------------------------------------------------------------------------


async def lease_of(engine: Engine) -> DeciderLease:
    stored = await DocumentCollection(engine, FOLDER, DeciderLease).get(NAME)
    assert stored is not None
    return stored.value


async def _bytes_for(address: str, sent: bytes) -> bytes:
    """Everything that the decider sends before it ends the connection."""
    reader, writer = await asyncio.open_unix_connection(address)
    writer.write(sent)
    async with asyncio.timeout(30):
        received = await reader.read()
    writer.close()
    return received


GARBAGE = {
    "nothing": b"",
    "text": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long message": (2**31).to_bytes(4, "big") + b"x" * 5000,
    "not msgpack": b"\0\0\0\3\xc1\xc1\xc1",
    "a batch without a greeting": frames.frame_bytes(
        frames.CommandBatch(1, 0.0, frames.msgspec.Raw(pack_commands([COUNT])))
    ),
    "a wrong proof": frames.frame_bytes(frames.Hello(b"n" * 32, b"p" * 32, fingerprint())),
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
async def test_a_caller_without_the_secret_gets_and_does_nothing(
    servers: Servers, sent: bytes
) -> None:
    first, decider, second, _ = servers
    revision = first.view.revision
    received = await _bytes_for((await lease_of(first)).address, sent)
    assert len(received) < 64  # the random bytes of the challenge, and nothing else
    assert first.view.revision == revision
    assert decider.decides_for == 1
    assert isinstance(await second.submit(take("s1", a_M=1)), Accepted)  # it works as before


@pytest.mark.parametrize("part", ["secret", "fingerprint"])
async def test_another_secret_or_version_is_refused(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    lease = await lease_of(servers[0])
    channel = await UnixNetwork().connect(lease.address)
    if part == "fingerprint":
        monkeypatch.setattr(handshake, "fingerprint", iter(["older", "newer"]).__next__)
    with pytest.raises(frames.LinkLost):
        await handshake.introduce(channel, "x" if part == "secret" else lease.secret)
    channel.abort()
    assert servers[1].decides_for == 1


async def test_a_decider_without_the_secret_is_not_followed(tmp_path: Path) -> None:
    """Another process has taken the address: commands are not sent there."""
    network = UnixNetwork(tmp_path)

    def impostor(channel: frames.MessageChannel) -> None:
        channel.send(frames.Challenge(b"c" * 32))
        channel.pass_to(lambda _: channel.send(frames.Welcome(b"w" * 32, 0.0)))

    address, listening = await network.listen(impostor)
    channel = await network.connect(address)
    with pytest.raises(frames.WrongPeer):
        await handshake.introduce(channel, "the secret")
    channel.abort()
    listening.close()


# -- the sockets -----------------------------------------------------------------------------------


@pytest.fixture
def short_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield Path(directory)


async def test_a_folder_with_a_long_path_is_not_used(
    tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a socket is limited to about 100 bytes."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    monkeypatch.setattr(tempfile, "tempdir", str(short_path))
    address, listening = await UnixNetwork().listen(lambda channel: channel.abort())
    assert Path(address).parent.parent == short_path
    listening.close()


async def test_the_folder_of_the_sockets_is_private(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_path))
    address, listening = await UnixNetwork().listen(lambda channel: channel.abort())
    folder = Path(address).parent
    assert folder.parent == short_path
    assert folder.stat().st_mode & 0o777 == 0o700
    listening.close()
    assert not Path(address).exists()
    folder.chmod(0o755)
    with pytest.raises(PermissionError):
        await UnixNetwork().listen(lambda channel: channel.abort())


async def test_sockets_of_dead_processes_are_removed(tmp_path: Path) -> None:
    network = UnixNetwork(tmp_path)
    address, listening = await network.listen(lambda channel: channel.abort())
    dead = tmp_path / "1-dead.sock"
    server = await asyncio.start_unix_server(lambda reader, writer: None, dead)
    server.close()
    assert dead.exists() or dead.touch() is None
    other, second = await network.listen(lambda channel: channel.abort())
    assert Path(address).exists()  # in use
    assert Path(other).exists()
    listening.close()
    second.close()
