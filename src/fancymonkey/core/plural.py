"""Numbers of units in refusals and findings of the core."""


def units(count: int) -> str:
    """`1 unit`, `2 units`."""
    return "1 unit" if count == 1 else f"{count} units"


def units_are(count: int) -> str:
    """`1 unit is`, `2 units are`."""
    return f"{units(count)} {'is' if count == 1 else 'are'}"


def units_were(count: int) -> str:
    """`1 unit was`, `2 units were`."""
    return f"{units(count)} {'was' if count == 1 else 'were'}"
