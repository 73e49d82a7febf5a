"""Each feature folder of the core exports its rows and rules, and the core uses all of them."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fancymonkey import core
from fancymonkey.core import records
from fancymonkey.core.changes.change_set import ChangeSet
from fancymonkey.core.command import Command
from fancymonkey.core.execute import ANSWERS, RULES, CommandGroup, DryRun, RecordEvent, SkuCommands
from fancymonkey.core.model import SHARED_ROWS, Row
from fancymonkey.core.rows import ROWS
from fancymonkey.core.state import AllLevels

FOLDER = Path(core.__file__).parent
FEATURES = sorted({path.parent.name for path in FOLDER.glob("*/__init__.py")})
FILES = sorted(FOLDER.rglob("*.py"))
OF_COMMANDS = {ChangeSet, SkuCommands, CommandGroup, DryRun, RecordEvent}
"""Commands that run other commands: `execute` has their rules itself."""


def subclasses_in_core(base: type[Any]) -> set[type[Any]]:
    """Every class of the core below `base`, wherever its file lies."""
    for path in FILES:
        parts = path.relative_to(FOLDER.parent).with_suffix("").parts
        import_module(".".join(("fancymonkey", *parts)).removesuffix(".__init__"))
    classes, waiting = set(), [base]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            # `slots=True` leaves the first, empty class behind: the module's name means the second.
            if getattr(import_module(kind.__module__), kind.__name__, None) is kind:
                waiting.append(kind)
                if kind.__module__.startswith("fancymonkey.core."):
                    classes.add(kind)
    return classes


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_exports_its_rows_and_its_rules(feature: str) -> None:
    rows = import_module(f"fancymonkey.core.{feature}").ROWS
    rules = import_module(f"fancymonkey.core.{feature}.rules")
    assert rules.RULES
    assert set(rows) <= set(ROWS)
    assert rules.RULES.items() <= RULES.items()
    assert getattr(rules, "ANSWERS", {}).items() <= ANSWERS.items()


def test_every_row_and_every_command_of_the_core_is_known() -> None:
    assert subclasses_in_core(Row) - {AllLevels} == set(ROWS)
    assert subclasses_in_core(Command) == set(RULES)


def test_no_row_and_no_command_belongs_to_two_features() -> None:
    rows = list(SHARED_ROWS)
    commands = [*OF_COMMANDS, *records.RULES]
    for feature in FEATURES:
        rows += import_module(f"fancymonkey.core.{feature}").ROWS
        commands += import_module(f"fancymonkey.core.{feature}.rules").RULES
    assert sorted(map(repr, rows)) == sorted(map(repr, ROWS))
    assert sorted(map(repr, commands)) == sorted(map(repr, RULES))


def test_tables_keep_their_order() -> None:
    """PostgreSQL plans a statement for each order, and older backups were written in this one."""
    assert [kind.TABLE for kind in ROWS] == [
        *("product", "item", "level", "reservation", "session", "outcome", "event"),
        *("turned_away", "cursor", "checkout", "payment_issue", "run", "document"),
        *("daily_demand", "location", "transfer", "bundle_sales"),
        *("shop_order", "order_buyer"),
    ]
