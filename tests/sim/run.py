"""The run of one seed: the opening of the shop, its day, and the final checks."""

import asyncio
import os

from tests.sim.actors import Buyer, Listener, chaos, echo, inspector, owner
from tests.sim.database import QUIET
from tests.sim.loop import simulate
from tests.sim.world import World

BUYERS = 12


class Violation(AssertionError):
    """A violated invariant."""


def run(seed: int) -> World:
    """Runs one seed. Raises Violation with all problems and the command that repeats the run."""
    try:
        world = simulate(lambda: _day(seed), seed)
    except Violation:
        raise
    except Exception as error:
        raise Violation(_again(seed, [repr(error)])) from error
    return world


async def _day(seed: int) -> World:
    world = World(seed)
    try:
        await _trade(world)
    finally:
        world.close()
    if world.problems:
        raise Violation(_again(seed, world.problems))
    return world


async def _trade(world: World) -> None:
    listeners = [Listener(world) for _ in range(3)]
    await world.open()
    background = [
        asyncio.create_task(work)
        for work in (inspector(world), *[listener.run() for listener in listeners])
    ]
    trouble = asyncio.create_task(chaos(world))
    again = asyncio.create_task(echo(world))
    people = [Buyer(world, number).run() for number in range(BUYERS)]
    await asyncio.gather(owner(world), *people)
    trouble.cancel()
    again.cancel()
    await asyncio.wait([trouble, again])
    world.db.faults = QUIET
    for server in world.servers:
        if server.engine is None:
            await server.start()
    await asyncio.sleep(20)  # every hold of a basket has ended, and all listeners have the change
    world.check_end()
    for listener in listeners:
        listener.check()
    for task in background:
        task.cancel()
    await asyncio.wait(background)
    _failures(world, background)
    for server in world.servers:
        await server.stop()


def _failures(world: World, tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            world.problem(f"{task.get_name()}: {task.exception()!r}")


def _again(seed: int, problems: list[str]) -> str:
    command = f"SIM_START={seed} SIM_SEEDS=1 pytest tests/sim/test_simulation.py"
    return "\n".join([f"seed {seed} (again: {command})", *problems[:8]])


def seeds() -> range:
    """The seeds to run: SIM_SEEDS of them (200), from SIM_START (0)."""
    first = int(os.environ.get("SIM_START", "0"))
    return range(first, first + int(os.environ.get("SIM_SEEDS", "200")))
