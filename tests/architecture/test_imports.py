"""Imports point downward, the core imports only the core, and one module reads the clock."""

from collections.abc import Iterator

import pytest

from tests.architecture.source import PACKAGE, Module, modules

LAYERS = {
    "core": 0,
    "store": 1,
    "engine": 2,
    "examples": 2,
    "accounts": 3,
    "alerts": 3,
    "backup": 3,
    "fake_stripe": 3,
    "jobs": 3,
    "payments": 3,
    "pdf": 3,
    "spreadsheets": 3,
    "storefront": 3,
    "doctor": 4,
    "services": 4,
    "web": 5,
    "asgi": 6,
    "commands": 6,
    "cli": 6,
    "__main__": 7,
}
# Commands use the services. Only `serve` runs the application.
COMMANDS_OF_THE_WEB = {"commands.operation.serve"}
# Leaves: usable by everything above the core. They may use one another only as listed here.
LEAVES: dict[str, set[str]] = {
    "errors": set(),
    "free_memory": set(),
    "gc_tuning": {"free_memory"},
    "spelling": set(),
    "text": set(),
    "timestamps": set(),
    "settings": {"core", "errors", "spelling"},
    "log_format": {"settings"},
}

CORE_MAY_USE = {
    *("__future__", "abc", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum"),
    *(
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "typing",
        "unicodedata",
    ),
}
# Files of the core that put the features together: they may import every feature.
CORE_COMPOSES = {"", "rows", "execute", "changes", "payments.early_events", "payments.paid"}
# A feature is a folder of the core. It may import the files beside the folders, its own, and these.
CORE_HELPERS = {
    "bundles.availability",
    "bundles.check",
    "bundles.definition",
    "bundles.recipe",
    "bundles.sale_rules",
    "bundles.sales",
    "bundles.shares",
    "bundles.simple_bundle",
    "catalogue.answers",
    "catalogue.field_changes",
    "catalogue.renames",
    "documents.document",
    "holds.deadline",
    "holds.ended",
    "holds.give_back",
    "holds.limits",
    "holds.network_memory",
    "locations.accounts",
    "locations.locations",
    "locations.lookup",
    "locations.preferences",
    "locations.route",
    "locations.route_line",
    "locations.routing",
    "orders.check",
    "orders.money",
    "orders.returns",
    "orders.rows",
    "orders.shares",
    "orders.units",
    "orders.waiting",
    "payments.amounts",
    "payments.currencies",
    "payments.issues",
    "payments.pending",
    "payments.refund_names",
    "payments.rows",
    "planning.daily_demand",
    "stock.answers",
    "stock.backorders",
    "stock.sku_stock",
    "stock.status",
    "transfers.transfer",
}

CORE_FEATURES = {
    *("bundles", "catalogue", "changes", "documents", "holds"),
    *("locations", "orders", "payments", "planning", "stock", "transfers"),
}

CLOCK = "engine.clock"
TELLS_THE_TIME = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
}
MAY_TELL_THE_TIME: set[str] = {CLOCK}


def inside(name: str) -> str:
    """Give the name without the package's."""
    return name.removeprefix(PACKAGE).lstrip(".")


def our_imports(module: Module) -> Iterator[tuple[str, int]]:
    for name, line in module.imports():
        if name.partition(".")[0] == PACKAGE:
            yield inside(name), line


def upward_imports(module: Module) -> Iterator[str]:
    """Yield imports from a higher layer, or from a neighbour on the same."""
    own = inside(module.name).partition(".")[0]
    if own and own not in LAYERS and own not in LEAVES:
        yield f"{module.path}: {own} has no place in the layers yet (LAYERS in test_imports.py)"
        return
    for name, line in our_imports(module):
        other = name.partition(".")[0]
        if own in LEAVES:
            allowed = other == own or other in LEAVES[own]
        elif other in LAYERS:
            allowed = bool(own) and (other == own or LAYERS[other] < LAYERS[own])
        else:  # a leaf, or a name of the package itself
            allowed = own != "core"
        if not allowed:
            yield f"{module.path}:{line}: {own or PACKAGE} must not import {name}"
    for name, line in module.imports():
        if name.startswith("."):
            yield f"{module.path}:{line}: relative import {name}"


def impure_imports(module: Module) -> Iterator[str]:
    """Yield places where the core uses more than the pure part of the standard library."""
    for name, line in module.imports():
        top = name.partition(".")[0]
        if inside(module.name).partition(".")[0] == "core" and top not in CORE_MAY_USE | {PACKAGE}:
            yield f"{module.path}:{line}: the core must not import {name}"


def imports_between_features(module: Module) -> Iterator[str]:
    """Yield where a feature of the core imports another one."""
    layer, _, module_name = inside(module.name).partition(".")
    own = module_name.partition(".")[0]
    if layer != "core" or own in CORE_COMPOSES or module_name in CORE_COMPOSES:
        return
    for name, line in our_imports(module):
        parts = name.split(".")
        if parts[0] != "core" or len(parts) < 2:
            continue
        other = parts[1]
        if other == "execute" or (
            other in CORE_FEATURES and other != own and ".".join(parts[1:3]) not in CORE_HELPERS
        ):
            yield f"{module.path}:{line}: {module_name} must not import {name}"


def web_in_commands(module: Module) -> Iterator[str]:
    """Yield where a command imports the web, except for the command that runs it."""
    own = inside(module.name)
    if not own.startswith("commands.") or own in COMMANDS_OF_THE_WEB:
        return
    for name, line in our_imports(module):
        if name.partition(".")[0] in ("web", "asgi"):
            yield f"{module.path}:{line}: {own} must not import {name}; use the services"


def uses_of_the_clock(module: Module) -> Iterator[str]:
    """Return the places that read the clock instead of getting the time."""
    if inside(module.name) in MAY_TELL_THE_TIME:
        return
    for name, line in module.uses():
        if name in TELLS_THE_TIME:
            yield f"{module.path}:{line}: {name}; take a Clock from {CLOCK} instead"


RULES = {
    rule.__name__: rule
    for rule in (upward_imports, impure_imports, web_in_commands, uses_of_the_clock)
}


@pytest.mark.parametrize("rule", RULES)
def test_all_source_keeps_the_rule(rule: str) -> None:
    everything = modules()
    assert everything
    complaints = [complaint for module in everything for complaint in RULES[rule](module)]
    assert not complaints, "\n".join(complaints)


def test_features_of_the_core_do_not_import_each_other() -> None:
    complaints = [text for module in modules() for text in imports_between_features(module)]
    assert not complaints, "\n".join(complaints)


# The rules themselves: each is shown a source that breaks it, and one that does not.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("core.holds.reserve", "from fancymonkey.store import contract"),
        ("core.holds.reserve", "from fancymonkey import errors"),
        ("core.holds.reserve", "from fancymonkey.errors import StoreError"),
        ("store.contract", "import fancymonkey.engine.batcher"),
        ("store.contract", "def f():\n    from fancymonkey.engine.batcher import Batcher"),
        ("engine.view.feed", "from fancymonkey.web.app import app"),
        ("web.app", "from fancymonkey.cli import main"),
        ("web.app", "from fancymonkey import commands"),
        ("jobs.alerts", "import fancymonkey.web.app"),
        ("errors", "from fancymonkey.settings.settings import Config"),
        ("settings", "from fancymonkey.store import contract"),
        ("", "from fancymonkey.core import model"),
        ("web.app", "from .wire import encode"),
        ("newcomer.thing", "import json"),
    ],
)
def test_an_upward_import_is_found(name: str, text: str) -> None:
    module = Module(f"{PACKAGE}.{name}".rstrip("."), text)
    assert len(list(upward_imports(module))) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("core.holds.reserve", "from fancymonkey.core import model"),
        (
            "store.contract",
            "from fancymonkey.core.model import Row\nfrom fancymonkey import errors",
        ),
        (
            "cli",
            "from fancymonkey import __version__, web, settings\nimport fancymonkey.ops.doctor",
        ),
        ("settings", "from fancymonkey.errors import ConfigError\nimport os"),
        ("web", "from fancymonkey.web.app import app"),
    ],
)
def test_a_downward_import_is_not(name: str, text: str) -> None:
    assert not list(upward_imports(Module(f"{PACKAGE}.{name}", text)))


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "import os.path",
        "from asyncio import Lock",
        "import logging as log",
        "from random import random",
        "from pathlib import Path",
        "import io",
        "import msgspec",
        "if True:\n    import time",
    ],
)
def test_an_impure_core_is_found(text: str) -> None:
    assert len(list(impure_imports(Module(f"{PACKAGE}.core.holds.reserve", text)))) == 1
    assert not list(impure_imports(Module(f"{PACKAGE}.engine.clock", text)))


def test_a_pure_core_is_not() -> None:
    text = "from collections.abc import Iterator\nimport json\nfrom fancymonkey.core import model"
    assert not list(impure_imports(Module(f"{PACKAGE}.core.holds.reserve", text)))


@pytest.mark.parametrize(
    "text",
    [
        "from fancymonkey.core.stock import adjust",
        "from fancymonkey.core.stock.adjust import Adjust",
        "from fancymonkey.core.execute import execute",
    ],
)
def test_a_feature_that_imports_another_is_found(text: str) -> None:
    reserve = f"{PACKAGE}.core.holds.reserve"
    assert len(list(imports_between_features(Module(reserve, text)))) == 1
    assert not list(imports_between_features(Module(f"{PACKAGE}.core.execute", text)))
    assert not list(imports_between_features(Module(f"{PACKAGE}.core.changes.undo", text)))
    assert not list(imports_between_features(Module(f"{PACKAGE}.engine.engine", text)))


def test_a_feature_may_import_shared_files_and_helpers() -> None:
    text = "from fancymonkey.core.stock.backorders import fill_backorders\n"
    text += "from fancymonkey.core.model import Level\nfrom fancymonkey.core.holds import end"
    assert not list(imports_between_features(Module(f"{PACKAGE}.core.holds.reserve", text)))


@pytest.mark.parametrize(
    "text",
    [
        "from fancymonkey.web.context import AppContext",
        "def f():\n    from fancymonkey.web.accounts_api.users import list_users",
        "import fancymonkey.asgi",
    ],
)
def test_a_command_that_imports_the_web_is_found(text: str) -> None:
    assert len(list(web_in_commands(Module(f"{PACKAGE}.commands.accounts.user", text)))) == 1
    assert not list(web_in_commands(Module(f"{PACKAGE}.commands.operation.serve", text)))
    assert not list(web_in_commands(Module(f"{PACKAGE}.web.app", text)))


@pytest.mark.parametrize(
    "text",
    [
        "import time\nx = time.time()",
        "import time as t\nx = t.monotonic()",
        "from time import monotonic as tick\nx = tick()",
        "import datetime\nx = datetime.datetime.now(datetime.UTC)",
        "from datetime import datetime as dt\nx = dt.utcnow()",
        "from datetime import date\nx = date.today",
    ],
)
def test_a_look_at_the_clock_is_found(text: str) -> None:
    assert len(list(uses_of_the_clock(Module(f"{PACKAGE}.web.app", text)))) == 1
    assert not list(uses_of_the_clock(Module(f"{PACKAGE}.{CLOCK}", text)))


def test_other_words_for_time_are_not() -> None:
    text = "import time\nfrom datetime import datetime\ntime.sleep(1)\ndatetime.fromisoformat('')"
    assert not list(uses_of_the_clock(Module(f"{PACKAGE}.web.app", text)))
