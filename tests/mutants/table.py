"""Planted bugs over all layers, each with the test that has to catch it.

`tests/sim/mutants.py` has the bugs of the rules and the engine that the simulation must notice;
each bug here has one short test.
"""

from tests.mutants.bundles import BUNDLES
from tests.mutants.core import PAYMENTS, RULES
from tests.mutants.files import OWNERS_FILE, SPREADSHEETS
from tests.mutants.orders import ORDERS
from tests.mutants.planted import Planted
from tests.mutants.services import ENGINE
from tests.mutants.stores import STORES
from tests.mutants.transfers import TRANSFERS

PLANTED: list[Planted] = [
    *RULES,
    *BUNDLES,
    *PAYMENTS,
    *ORDERS,
    *STORES,
    *ENGINE,
    *SPREADSHEETS,
    *OWNERS_FILE,
    *TRANSFERS,
]
