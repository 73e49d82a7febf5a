"""Who is behind a request, and whether they may do what it asks."""

from dataclasses import dataclass

from msgspec import UnsetType

from fancymonkey.web.auth import check_owner, check_password
from fancymonkey.web.http import Call
from fancymonkey.web.shop import Shop


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who has proved who they are; `name` goes into the ledger."""

    name: str


async def require(shop: Shop, call: Call, right: str) -> Actor:
    """Who asks; they have this right: `read`, `stock` or `admin`. Problem 401, 403, 429."""
    check_owner(call, shop.throttle, shop.settings.admin_password)
    return Actor("admin")


async def require_password(shop: Shop, call: Call, right: str, password: str | UnsetType) -> Actor:
    """As `require`; a password in the body will do, as the first versions had it."""
    if isinstance(password, UnsetType):
        return await require(shop, call, right)
    check_password(call, shop.throttle, password, shop.settings.admin_password)
    return Actor("admin")
