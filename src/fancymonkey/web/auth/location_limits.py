"""Limits callers to their locations: the one place that decides what such a caller may do.

A route without a declaration is closed to limited callers: it concerns the whole shop. A route that
declares `by_location` calls `check_locations` for each location that it reads or changes.
"""

from collections.abc import Iterable

from fancymonkey.accounts.model import Actor
from fancymonkey.core.locations.accounts import split_account
from fancymonkey.text import joined
from fancymonkey.web.http.messages import Problem


def check_route(actor: Actor | None, *, by_location: bool) -> None:
    """Raises Problem 403 if the caller is limited and the route concerns the whole shop."""
    if actor is not None and not by_location:
        check_whole_shop(actor, "This is")


def check_locations(actor: Actor, *locations: str | None) -> None:
    """Raises Problem 403 unless the caller may read and change each of these.

    None stands for all locations, or for one that the request does not name.
    """
    for location in locations if actor.locations else ():
        if location is None:
            raise _refused(actor, "Name the location.")
        if location not in actor.locations:
            raise _refused(actor, f"This is for {location[:100]}.")


def check_whole_shop(actor: Actor, subject: str) -> None:
    """Raises Problem 403 if the caller is limited: the subject belongs to no location."""
    if actor.locations:
        raise _refused(actor, f"{subject} for the whole shop.")


def _refused(actor: Actor, why: str) -> Problem:
    return Problem(
        403,
        "location_not_allowed",
        f"{why} {actor.name} is limited to {joined(actor.locations)}.",
        locations=list(actor.locations),
    )


def location_to_read(actor: Actor, location: str | None) -> str | None:
    """The location that a request reads: a limited caller with one location need not name it.

    Raises Problem 403.
    """
    if not location and len(actor.locations) == 1:
        return actor.locations[0]
    check_locations(actor, location or None)
    return location or None


def may_see(actor: Actor, account: str) -> bool:
    """Whether the caller may see the units of an account, such as `berlin:damaged`."""
    return not actor.locations or split_account(account)[0] in actor.locations


def sees_any(actor: Actor, accounts: Iterable[str]) -> bool:
    """Whether the caller may see one of these accounts."""
    return not actor.locations or any(may_see(actor, account) for account in accounts)
