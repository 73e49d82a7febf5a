"""The answers to commands about products and their sizes."""

from fancymonkey.core.answers import FlatAnswer
from fancymonkey.core.immutable import dataclass


@dataclass(frozen=True, slots=True)
class ProductChanged(FlatAnswer):
    """A product after a command that added, changed or archived it."""

    product_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class SizeChanged(FlatAnswer):
    """A size after a command that added, defined or archived it."""

    sku: str
    revision: int


@dataclass(frozen=True, slots=True)
class FieldsEdited(FlatAnswer):
    """The product or size (`key`) after an `EditFields`."""

    key: str
    revision: int
