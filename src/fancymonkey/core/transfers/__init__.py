"""Transfers: units in transit between locations."""

from fancymonkey.core.model import Row
from fancymonkey.core.transfers.transfer import Transfer

ROWS: tuple[type[Row], ...] = (Transfer,)
"""The kinds of row that this feature adds."""
