"""Hashes passwords with Argon2id, outside the event loop and only a few at once."""

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fancymonkey.accounts.model import Busy, WeakPassword
from fancymonkey.settings.account_names import plain

T = TypeVar("T")

LEAST = 12
"""The length of a new password, in characters."""

MOST = 1024
KINDS_LEAST = 5
"""The fewest different characters of a new password; refuses `aaaaaaaaaaaa`."""

AT_ONCE = 2
"""Concurrent hashes: one for unknown clients, one for known browsers and users."""
WAITING_MAX = 32
"""The same for each of the two kinds."""
COMMON = (
    *("password", "passwort", "qwerty", "qwertz", "azerty", "letmein", "welcome", "iloveyou"),
    *("123456789", "987654321", "abcdefghi", "1q2w3e4r", "qazwsxedc", "football", "baseball"),
    *("superman", "princess", "starwars", "trustno1", "fancymonkey", "changeme", "admin"),
    *("yuiop", "uiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc", "1qaz2wsx", "3edc4rfv", "zaq12wsx"),
    *("q1w2e3r4", "t5y6u7", "5t6y7u", "123123", "12345", "1234", "qwert", "asdf", "monkey"),
)
"""Parts of common passwords; a password needs LEAST / 2 further characters."""

LOOKS = str.maketrans("0134578@$!", "oleastbasi")
"""Characters that stand for letters in passwords that are easy to guess."""


class _PasswordLane:
    """Runs one hash after the other, with a queue."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE // 2)
        self._waiting = 0

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Does the work in a thread. Raises Busy."""
        if self._waiting >= WAITING_MAX:
            raise Busy("Too many logins are in progress.")
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1


class Passwords:
    """Makes and checks hashes. At most `AT_ONCE` run, each takes 64 MiB for a moment."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._known, self._strangers = _PasswordLane(), _PasswordLane()
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep. Raises Busy."""
        return await self._known.run(self._hash, password)

    async def fits(self, hashed: str | None, password: str, *, known: bool = False) -> bool:
        """Whether the password matches the hash; takes equally long without a hash.

        A `known` client does not wait for unknown ones. Raises Busy.
        """
        lane = self._known if known else self._strangers
        return await lane.run(self._fits, hashed, password)

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_normal(password))

    def _fits(self, hashed: str | None, password: str) -> bool:
        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody")
        try:
            self._hasher.verify(hashed or self._nobody, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None


def check_new(password: str, name: str) -> None:
    """Raises WeakPassword with the reason."""
    text = _normal(password)
    if not LEAST <= len(text) <= MOST:
        raise WeakPassword(f"The password must have {LEAST} to {MOST} characters.")
    folded = text.casefold()
    names = (plain(name), plain(name).partition("@")[0])
    rests = [_without(folded, names), _without(folded.translate(LOOKS), names)]
    if len(set(folded)) < KINDS_LEAST or min(map(len, rests)) < LEAST // 2:
        raise WeakPassword(
            "This password is easy to guess. Use several words, or a random password."
        )


def _without(text: str, names: tuple[str, ...]) -> str:
    """The rest of a password without common parts."""
    for word in (*COMMON, *names):
        if len(word) > 2:
            text = text.replace(word, "")
    return text


def _normal(password: str) -> str:
    """The same text however a keyboard composes it."""
    return unicodedata.normalize("NFC", password)
