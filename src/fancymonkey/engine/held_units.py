"""A live hold as the view counts it."""


class HeldUnits:
    """A live hold: its deadline, and its units by SKU and location."""

    __slots__ = ("lapsed", "units", "until")

    def __init__(self, until: int | None) -> None:
        self.until = until
        self.units: dict[tuple[str, str], int] = {}
        self.lapsed = False

    def has(self, sku: str) -> bool:
        """Whether it holds units of the SKU."""
        return any(key[0] == sku for key in self.units)
