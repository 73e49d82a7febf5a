"""A shop over the memory store, and over every store, with accounts."""

import pytest

from tests.accounts.client import Visitor
from tests.web.conftest import any_shop, shop, target, way
from tests.web.shops import Shop

__all__ = ["any_shop", "shop", "target", "way"]


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    return Visitor(shop.client)
