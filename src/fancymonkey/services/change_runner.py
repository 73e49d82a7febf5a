"""Changes that are kept so that they can be undone, and how they are done in portions."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fancymonkey.core.changes.bulk import portions
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun
from fancymonkey.core.outcomes import Refused
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.services.request_key import RequestKey

Maker = Callable[[str], Command]
"""Makes a command whose entries say that they were caused by this act."""

NEWEST_FIRST = (1 << 44) - 1
LATEST_FIRST = (1 << 40) - 1


def new_change_id(engine: Engine) -> str:
    """An id that sorts before those of earlier acts, so that the newest is read first."""
    when = NEWEST_FIRST - engine.clock()
    return f"act_{when:011x}{LATEST_FIRST - engine.view.revision:010x}{secrets.token_hex(4)}"


class ChangeRefused(FancyMonkeyError):
    """The core refuses a change as a whole; `refused` is its answer."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


@dataclass
class ChangeRunner:
    """Something that somebody does; `act` is its id, None as long as nothing has changed.

    A request that is repeated with its `key` does nothing again, and learns the first one's act.
    """

    engine: Engine
    actor: str
    action: str
    reason: str = ""
    key: RequestKey | None = None
    digest: str = ""
    dry_run: bool = False
    act: str | None = None

    async def run(
        self, makers: Sequence[Maker], first: int = 0, content: str | None = None
    ) -> AsyncIterator[Any]:
        """Does it in portions, yielding each command's row as `CommandGroup` answers it.

        Other commands get their turn in between. `first` numbers the portions from there on.
        A portion is known again by its number, or by its `content` where that is given for the
        only one.
        """
        planned = self.act or new_change_id(self.engine)
        for part, some in enumerate(portions(makers), first):
            many = CommandGroup(commands=tuple(make(self.act or planned) for make in some))
            key = None if self.key is None else self._part(self.key, part, content)
            data = await self._submit(many, self.act or planned, part, key)
            for row in data["rows"]:
                yield row
            await asyncio.sleep(0)

    async def whole(self, makers: Sequence[Maker]) -> list[dict[str, Any]]:
        """Does all of it in one transaction; where a row is refused, nothing of it is done."""
        planned = self.act or new_change_id(self.engine)
        commands = tuple(make(planned) for make in makers)
        command = CommandGroup(commands=commands, all_or_nothing=True)
        answer = await self.engine.submit(self._act(command, planned, 0, self.key))
        if isinstance(answer, Refused):
            if not isinstance(answer.detail, dict) or "rows" not in answer.detail:
                raise ChangeRefused(answer)
            refused: list[dict[str, Any]] = answer.detail["rows"]
            return refused
        self.act = self.act or answer.data.get("act")
        rows: list[dict[str, Any]] = answer.data["rows"]
        return rows

    @staticmethod
    def _part(key: RequestKey, part: int, content: str | None) -> RequestKey:
        return key.part(part) if content is None else key.about(content)

    async def _submit(
        self, many: CommandGroup, act_id: str, part: int, key: RequestKey | None
    ) -> Any:
        answer = await self.engine.submit(self._act(many, act_id, part, key))
        if isinstance(answer, Refused):
            raise ChangeRefused(answer)
        self.act = self.act or answer.data.get("act")
        return answer.data

    def _act(self, many: CommandGroup, act_id: str, part: int, key: RequestKey | None) -> Command:
        if self.dry_run:
            return DryRun(command=many)
        return ChangeSet(
            act_id=act_id,
            part=part,
            action=self.action,
            reason=self.reason,
            command=many,
            actor=self.actor,
            command_id=None if key is None else key.id,
            former_id=None if key is None else key.former,
            digest=self.digest,
        )
