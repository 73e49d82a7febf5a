"""A shop over the memory store."""

from tests.web.conftest import shop, way

__all__ = ["shop", "way"]
