"""Password hashes with the cost of a real installation."""

import asyncio
import hmac

import pytest
from argon2 import PasswordHasher

from fancymonkey.accounts import passwords as passwords_module
from fancymonkey.accounts import two_factor
from fancymonkey.accounts.model import Busy
from fancymonkey.accounts.passwords import AT_ONCE, WAITING_MAX, Passwords
from fancymonkey.web.auth import shared_secrets
from tests.web.shops import CHEAP


@pytest.fixture(autouse=True)
def real_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hasher of the program, which other tests replace."""
    monkeypatch.setattr(passwords_module, "PasswordHasher", PasswordHasher)


async def test_a_hash_is_argon2id_and_costs_enough() -> None:
    hashed = await Passwords().hash("six blue owls sing")
    kind, version, parameters = hashed.split("$")[1:4]
    assert (kind, version) == ("argon2id", "v=19")
    cost = {
        name: int(value) for name, _, value in (p.partition("=") for p in parameters.split(","))
    }
    assert cost["m"] >= 46 * 1024
    assert cost["t"] >= 1
    assert await Passwords().fits(hashed, "six blue owls sing")
    assert not await Passwords().fits(hashed, "six blue owls sin")


async def test_the_same_password_never_has_the_same_hash_twice() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.hash("six blue owls sing") != await passwords.hash("six blue owls sing")


async def test_however_a_keyboard_composes_it_it_is_the_same_password() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.fits(
        await passwords.hash("pass\u00e9 compos\u00e9"), "passe\u0301 compose\u0301"
    )


async def test_a_weaker_hash_is_detected() -> None:
    weak = await Passwords(CHEAP).hash("six blue owls sing")
    assert Passwords().outdated(weak)
    assert not Passwords().outdated(await Passwords().hash("x"))


async def test_an_unknown_account_costs_as_much_to_check() -> None:
    """The same work is done, and its result is discarded."""
    asked: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            asked.append(str(hash).split("$")[3])
            return bool(super().verify(hash, password))

    passwords = Passwords(Watched(time_cost=1, memory_cost=64, parallelism=1))
    hashed = await passwords.hash("six blue owls sing")
    assert not await passwords.fits(hashed, "x")
    assert not await passwords.fits(None, "x")
    assert asked == ["m=64,t=1,p=1"] * 2


async def test_a_crowd_of_logins_takes_no_more_memory_than_a_few() -> None:
    running, most = 0, 0

    class Slow(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return super().hash(password, salt=salt)
            finally:
                running -= 1

    passwords = Passwords(Slow(time_cost=1, memory_cost=64, parallelism=1))
    done = await asyncio.gather(
        *(passwords.hash(f"password {n}") for n in range(100)), return_exceptions=True
    )
    assert most <= AT_ONCE
    assert sum(isinstance(result, Busy) for result in done) == 100 - WAITING_MAX


@pytest.mark.parametrize("module", [shared_secrets, two_factor])
def test_secrets_are_compared_in_constant_time(module: object) -> None:
    assert vars(module)["hmac"].compare_digest is hmac.compare_digest
    assert shared_secrets.same(b"a", "a")
    assert not shared_secrets.same(b"a", "b")
    assert not shared_secrets.same("é".encode("latin-1"), "é")
