"""A shop over the memory store."""

from tests.web.conftest import shop

__all__ = ["shop"]
