"""Values of an item: the units that the shop does not offer, and the parts of a bundle.

Each is flat, so that every store keeps it as an array of plain values.
"""

from enum import StrEnum

from fancymonkey.core.immutable import dataclass


@dataclass(frozen=True, slots=True)
class SafetyStock:
    """Units of an item at a location that the shop withholds: it does not offer them."""

    location: str
    quantity: int


class BundlePolicy(StrEnum):
    """Whether the parts of one bundle leave from one location or from several."""

    TOGETHER = "together"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The rules of an item that is sold as one and held as its parts.

    `version` counts the changes of its definition. `sold_from` and `sold_until` are times in ms.
    `max_per_order` limits one hold, `max_sold` all sales together.
    """

    version: int
    policy: BundlePolicy
    sold_from: int | None = None
    sold_until: int | None = None
    max_per_order: int | None = None
    max_sold: int | None = None


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """A group of a bundle: the buyer chooses `choose` units of its options."""

    name: str
    choose: int


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a bundle.

    Without a group each bundle has `quantity` units of it. In a group it is an option that the
    buyer may choose up to `quantity` times per bundle. `keep` units stay for single sale.
    """

    sku: str
    quantity: int
    group: str = ""
    keep: int = 0


@dataclass(frozen=True, slots=True)
class SoldPart:
    """A part as it was sold: `quantity` units of `sku` in each bundle, as of a `version`."""

    bundle: str
    version: int
    sku: str
    quantity: int
