"""A hold in place of an earlier one of the same buyer, who comes back with a new session."""

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
    """Gives the earlier hold back and reserves, both or neither; its units do not count any more.

    Whoever knows a hold's id may give it back. One that is unknown, ended or paid changes nothing.
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
        if "rows" not in answer.data:  # the same key again, and then there was nothing to replace
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
    fault = reserved
    return Refused(Code(fault["refused"]), fault["message"], fault["detail"])
