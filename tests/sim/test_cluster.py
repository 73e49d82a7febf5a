"""Three servers, of which one decides: every operation is linearizable, with any failure."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from tests.sim.cluster_world import ClusterWorld
from tests.sim.loop import simulate
from tests.sim.mutants import Mutant, engine
from tests.sim.run import Violation

SEEDS = 6


def day(seed: int, events: Callable[[ClusterWorld], Coroutine[Any, Any, None]]) -> ClusterWorld:
    """One day of a seed. Raises Violation."""
    world = ClusterWorld(seed)
    try:
        simulate(partial(events, world), seed)
    except Exception as error:
        raise Violation(f"cluster seed {seed}: {error!r} {world.problems[:3]}") from error
    if world.problems:
        raise Violation(f"cluster seed {seed}:\n" + "\n".join(world.problems[:8]))
    return world


def test_every_operation_is_linearizable_while_servers_break() -> None:
    worlds = [day(seed, ClusterWorld.run) for seed in range(SEEDS)]
    assert all(world.forwarded > 30 for world in worlds)  # else nothing was tried
    answered = [
        operation
        for world in worlds
        for operation in world.operations
        if operation.answer is not None
    ]
    assert len(answered) > 0.8 * sum(len(world.operations) for world in worlds)


def test_a_decider_that_was_stopped_runs_nothing_that_was_given_up() -> None:
    for seed in range(SEEDS):
        world = day(seed, ClusterWorld.frozen_decider)
        assert any(operation.answer is None for operation in world.operations)
        assert any(
            operation.answer is not None for operation in world.operations
        )  # decided by the follower


def test_a_decider_that_leaves_runs_no_batch_that_it_returns() -> None:
    for seed in range(SEEDS):
        world = day(seed, ClusterWorld.leaving_decider)
        assert all(operation.answer is not None for operation in world.operations)
        assert world.forwarded >= 6


OPTIMISM = """self._engine.batcher.pending(command)
            from fancymonkey.core.outcomes import Accepted
            waiter.set_result(Accepted({}))"""
MUTANTS = [
    engine(
        "a forwarded command is run twice",
        ("cluster.link:repeatable", "return command.command_id", "return True or command"),
    ),
    engine(
        "a batch that was returned is run as well",
        (
            "cluster.decider:Decider._run",
            "peer.write(frame_bytes(NotRun(message.number)))\n        return",
            "peer.write(frame_bytes(NotRun(message.number)))",
        ),
    ),
    engine(
        "a stale decider runs what its sender has given up",
        (
            "cluster.decider:Decider._run",
            "if self._timer() - message.sent > GIVEN_UP_SECONDS:",
            "if not message:",
        ),
        ("cluster.peer:Peer.begin", "self._sent = sent", "self._sent = self._timer()"),
    ),
    engine(
        "an answer comes before the commit",
        (
            "cluster.decider:Decider._run",
            "self._engine.batcher.take(command, waiter)",
            OPTIMISM,
        ),
    ),
    engine(
        "an answer comes before its entries",
        ("cluster.decider:Decider._relay", "if not commit.entries", "if self"),
        ("cluster.link:Link._take", "message.revision > self._engine.view.revision", "not self"),
    ),
    engine(
        "a commit for servers without readers lacks the levels of the commits before it",
        (
            "cluster.unread_peers:_one",
            "changed[Level].update(commit.changed.get(Level, {}))",
            "changed[Level] = commit.changed.get(Level, {})",
        ),
    ),
    engine(
        "a view skips an entry",
        (
            "view.view:View.apply",
            "self._set_level(evolve(level, entry))",
            "self._set_level(level if entry.revision % 7 == 0 else evolve(level, entry))",
        ),
    ),
]


DAYS = (ClusterWorld.leaving_decider, ClusterWorld.frozen_decider, ClusterWorld.run)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_the_checks_find_a_planted_bug(mutant: Mutant) -> None:
    with mutant.planted():
        for seed in range(SEEDS):
            for events in DAYS:
                try:
                    day(seed, events)
                except Violation:
                    return
    pytest.fail(f"{SEEDS} seeds did not notice: {mutant.name}")
