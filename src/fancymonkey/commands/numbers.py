"""Numbers on the command line: digits from 0 to 9, as everywhere else.

Python's own `int` and `float` also take `1_000` and digits of other scripts.
"""

import re
from typing import Any

import click

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


class WholeNumber(click.IntRange):
    """A whole number, optionally within bounds."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Returns the number. Fails for anything else."""
        if isinstance(value, str) and not _WHOLE.fullmatch(value):
            self.fail(f"{value!r} is not a whole number.", param, ctx)
        return super().convert(value, param, ctx)


class DecimalNumber(click.FloatRange):
    """A number with decimals within bounds."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Returns the number. Fails for anything else."""
        if isinstance(value, str) and not _DECIMAL.fullmatch(value):
            self.fail(f"{value!r} is not a number such as 0.5.", param, ctx)
        return super().convert(value, param, ctx)
