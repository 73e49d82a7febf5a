"""The record of acts: who did what, when and from where. It is only ever added to."""

import secrets

from fancymonkey.accounts.model import Act
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.folder import Folder

KEEP = 730 * 86_400_000
"""How long an act is kept, in ms: two years."""

LAST = 10**15
REFUSED_MOST, REFUSED_WINDOW = 100, 3_600_000
"""Refused logins that are kept in an hour; a flood of them must not fill the disk."""


class Acts:
    """The acts, the latest first by their names."""

    def __init__(self, engine: Engine) -> None:
        self.folder = Folder(engine, "audit", Act)
        self._clock = engine.clock
        self._refused: tuple[int, int] = (0, 0)

    async def note(
        self, actor: str, address: str, what: str, status: int = 200, about: str = ""
    ) -> None:
        """Keeps an act."""
        now = self._clock()
        act_id = f"{LAST - now:015d}-{secrets.token_hex(4)}"
        act = Act(
            act_id=act_id,
            at=now,
            actor=actor,
            address=address,
            what=what,
            status=status,
            about=about[:500],
        )
        await self.folder.put(act_id, act, 0, now + KEEP)

    async def note_refused(self, actor: str, address: str, what: str, status: int) -> None:
        """Keeps a refused attempt, the first hundred of an hour."""
        hour = self._clock() // REFUSED_WINDOW
        count = self._refused[1] + 1 if self._refused[0] == hour else 1
        self._refused = (hour, count)
        if count <= REFUSED_MOST:
            await self.note(actor, address, what, status)

    async def latest(self, most: int, before: str = "", actor: str | None = None) -> list[Act]:
        """The latest acts, or those before the act of this id; of everybody or of one."""
        found: list[Act] = []
        async for kept in self.folder.after(before):
            if actor is None or kept.value.actor == actor:
                found.append(kept.value)
            if len(found) == most:
                break
        return found
