"""A shop over the memory store, and over every store, with accounts."""

import pytest

from tests.accounts.visitor import Visitor
from tests.web.conftest import any_shop, shop, target
from tests.web.shops import Shop

__all__ = ["any_shop", "shop", "target"]


@pytest.fixture
def visitor(shop: Shop) -> Visitor:
    return Visitor(shop.client)
