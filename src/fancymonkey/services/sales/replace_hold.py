"""Replaces a buyer's earlier hold when the same buyer returns with a new session."""

from dataclasses import replace

from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.group_answers import GroupAnswer
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.outcomes import Accepted, Answer, Refused
from fancymonkey.engine.engine import Engine
from fancymonkey.payments.checkout import Checkouts


async def reserve_instead(
    engine: Engine, checkouts: Checkouts | None, command: Reserve, earlier: str
) -> Answer:
    """Releases the earlier hold and reserves, both or neither; the released units are available.

    Knowing a hold's id is enough to release it. An id that is unknown, ended or paid is ignored.
    """
    both = CommandGroup(
        commands=(
            Release(ref=earlier, reason="replaced", actor=command.actor),
            replace(command, command_id=None, former_id=None, digest=""),
        ),
        all_or_nothing=True,
        command_id=command.command_id,
        former_id=command.former_id,
        digest=command.digest,
    )
    answer = await engine.submit(both)
    if isinstance(answer, Accepted):
        if not isinstance(answer.data, GroupAnswer):  # repeated, and the first replaced nothing
            return answer
        released, reserved = answer.data.rows
        if checkouts is not None and isinstance(released, Accepted):
            checkouts.close_later(released.data.reservation_id)
        return (
            Accepted(reserved.data, answer.replayed) if isinstance(reserved, Accepted) else reserved
        )
    if not isinstance(answer.detail, GroupAnswer):
        return answer
    released, reserved = answer.detail.rows
    return await engine.submit(command) if isinstance(released, Refused) else reserved
