"""Hashes of passwords at little cost: the real cost of a login is 0.1 s of CPU time and 64 MiB."""

from functools import partial

from argon2 import PasswordHasher

from fancymonkey.accounts import passwords

cheap_hasher = partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)


def make_hashes_cheap() -> None:
    """Makes every later `Passwords` of this process cheap. `tests/accounts` has the real cost."""
    vars(passwords)["PasswordHasher"] = cheap_hasher
