"""A new kind of row with lines, dates, money and enums needs no change in any store."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest

from fancymonkey.core.model import Allocation, Line
from fancymonkey.store.sql.codecs import codec
from tests.architecture.source import ROOT


def test_purchase_orders_come_back_from_every_store(target: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.purchase_orders", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_allocations_keep_the_text_that_lines_had() -> None:
    allocations = (Allocation("prod/M", 2, "main"), Allocation('prod/"S/M"', 1, "back"))
    text = '[["prod/M",2,"main"],["prod/\\"S/M\\"",1,"back"]]'
    allocations_codec = codec(tuple[Allocation, ...])
    assert allocations_codec.encode is not None
    assert allocations_codec.decode is not None
    assert allocations_codec.encode(allocations) == text
    assert allocations_codec.decode(text) == allocations


@dataclass(frozen=True)
class Nested:
    line: Line


@pytest.mark.parametrize(
    "hint",
    [
        float,
        datetime,
        dict[str, int],
        list[int],
        tuple[int, str],
        Nested,
        tuple[Nested, ...],
        object,
    ],
)
def test_a_type_that_no_column_can_hold_is_refused(hint: object) -> None:
    with pytest.raises(TypeError):
        codec(hint)


def test_a_field_of_two_types_is_refused() -> None:
    @dataclass(frozen=True)
    class Either:
        value: int | Decimal

    with pytest.raises(TypeError):
        codec(Either)
