"""Versioned documents of the layers above."""

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import Row

ROWS: tuple[type[Row], ...] = (Document,)
"""The kinds of row that this feature adds."""
