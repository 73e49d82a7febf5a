"""Replaces a buyer's earlier hold when the same buyer returns with a new session."""

from dataclasses import replace

from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.holds.end import Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
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
        if "rows" not in answer.data:  # a repeated key, whose first request replaced nothing
            return answer
        released, reserved = answer.data["rows"]
        if checkouts is not None:
            checkouts.close_later(released["accepted"]["reservation_id"])
        return Accepted(reserved["accepted"], answer.replayed)
    if answer.code is Code.IDEMPOTENCY_CONFLICT:
        return answer
    released, reserved = answer.detail["rows"]
    if "refused" in released:
        return await engine.submit(command)
    return Refused(Code(reserved["refused"]), reserved["message"], reserved["detail"])
