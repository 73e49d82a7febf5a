"""Runs changes in portions and stores them, so that they can be undone."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from fancymonkey.core.changes.bulk import portions
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun
from fancymonkey.core.group_answers import ChangeSetAnswer, GroupAnswer
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.services.changes.request_key import RequestKey

Maker = Callable[[str], Command]
"""Makes a command whose entries have this change's id as their cause."""

NEWEST_FIRST = (1 << 44) - 1
LATEST_FIRST = (1 << 40) - 1


def new_change_id(engine: Engine) -> str:
    """An id that sorts before those of earlier changes, so that the newest is read first."""
    when = NEWEST_FIRST - engine.clock()
    return f"act_{when:011x}{LATEST_FIRST - engine.view.revision:010x}{secrets.token_hex(4)}"


class ChangeRefused(FancyMonkeyError):
    """The core refuses a change as a whole; `refused` is its answer."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


@dataclass
class ChangeRunner:
    """Runs the change of one request; `change_id` is its id, None as long as nothing has changed.

    A request that is repeated with the same `key` changes nothing, and gets the id of the first.
    """

    engine: Engine
    actor: str
    action: str
    reason: str = ""
    key: RequestKey | None = None
    digest: str = ""
    dry_run: bool = False
    change_id: str | None = None

    async def run(
        self, makers: Sequence[Maker], first: int = 0, content: str | None = None
    ) -> AsyncIterator[Answer]:
        """Runs the commands in portions, yielding the answer of each.

        Other commands run in between. `first` is the number of the first portion. A repeated
        portion is recognised by its number, or by its `content` where there is only one.
        """
        planned = self.change_id or new_change_id(self.engine)
        for part, portion in enumerate(portions(makers), first):
            change_id = self.change_id or planned
            group = CommandGroup(commands=tuple(make(change_id) for make in portion))
            key = None if self.key is None else self._part(self.key, part, content)
            for answer in await self._submit(group, change_id, part, key):
                yield answer
            await asyncio.sleep(0)

    async def whole(self, makers: Sequence[Maker]) -> tuple[Answer, ...]:
        """Runs all commands in one transaction; if one is refused, nothing changes."""
        planned = self.change_id or new_change_id(self.engine)
        commands = tuple(make(planned) for make in makers)
        command = CommandGroup(commands=commands, all_or_nothing=True)
        answer = await self.engine.submit(self._change_set(command, planned, 0, self.key))
        if isinstance(answer, Refused):
            if not isinstance(answer.detail, GroupAnswer):
                raise ChangeRefused(answer)
            return answer.detail.rows
        return self._answers(answer.data)

    @staticmethod
    def _part(key: RequestKey, part: int, content: str | None) -> RequestKey:
        return key.part(part) if content is None else key.about(content)

    async def _submit(
        self, group: CommandGroup, change_id: str, part: int, key: RequestKey | None
    ) -> tuple[Answer, ...]:
        answer = await self.engine.submit(self._change_set(group, change_id, part, key))
        if isinstance(answer, Refused):
            raise ChangeRefused(answer)
        return self._answers(answer.data)

    def _answers(self, data: GroupAnswer | ChangeSetAnswer) -> tuple[Answer, ...]:
        """The answers of a portion; the first change set with an effect gives the change its id."""
        if isinstance(data, GroupAnswer):  # of a dry run
            return data.rows
        self.change_id = self.change_id or data.change_id
        group: GroupAnswer = data.answer
        return group.rows

    def _change_set(
        self, group: CommandGroup, change_id: str, part: int, key: RequestKey | None
    ) -> Command:
        if self.dry_run:
            return DryRun(command=group)
        return ChangeSet(
            change_id=change_id,
            part=part,
            action=self.action,
            reason=self.reason,
            command=group,
            actor=self.actor,
            command_id=None if key is None else key.id,
            former_id=None if key is None else key.former,
            digest=self.digest,
        )
