"""`init`, `explain`, `release-expired` and `migrate` through the program."""

import asyncio
import json
from pathlib import Path

import pytest

from fancymonkey import examples
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Kind, Line
from fancymonkey.core.stock.adjust import Adjust, Count
from fancymonkey.store.copy import compare
from fancymonkey.store.in_memory.store import MemoryStore
from fancymonkey.store.open import open_store
from tests.cli.conftest import Run, Write, held

M = "prod_hoodie_001/M"


def hold(id_: str, quantity: int = 2, ttl: int = 1000) -> Reserve:
    lines = (Line(M, quantity),)
    return Reserve(
        reservation_id=id_, location=DEFAULT_LOCATION, session_id=f"s_{id_}", lines=lines, ttl=ttl
    )


# init


def test_the_sample_matches_its_description() -> None:
    shop = [command.product for command in examples.commands()]
    assert len(shop) == 16
    assert len({command.category for command in shop}) >= 4
    hoodie = examples.commands()[0]
    assert hoodie.product.product_id == "prod_hoodie_001"
    assert hoodie.product.name == "MIDNIGHT EMERALD HOODIE"
    assert str(hoodie.product.price) == "58"
    assert [new.item.size for new in hoodie.items] == ["S", "M", "L", "XL", "XXL"]
    assert sum(new.on_hand for new in hoodie.items) == 81
    medium = hoodie.items[1]
    assert (medium.on_hand, medium.item.low_stock_threshold) == (20, 5)
    assert medium.item.sku_id == "sku_midnight_emerald_m"
    assert medium.item.price_id == "price_midnight_emerald_m"
    everything = [new for command in examples.commands() for new in command.items]
    assert any(new.item.sold_out for new in everything)
    assert any(new.on_hand == 0 for new in everything)
    assert any(0 < new.on_hand <= new.item.low_stock_threshold for new in everything)
    assert any(new.item.size == "ONE SIZE" for new in everything)
    assert any(command.restock_date for command in shop)


def test_init_fills_an_empty_store_once(cli: Run, target: str) -> None:
    first = cli("init", "--data", target)
    assert first.exit_code == 0
    again = cli("init", "--data", target)
    assert again.exit_code == 1
    assert "is not empty and was not changed" in again.output
    if "://" not in target:
        # The file is the owner's from the first moment: nothing has touched it.
        assert Path(target, "products.json").read_bytes() == examples.products_json()
    assert "62 SKUs" in cli("verify", "--data", target).output


def test_init_makes_the_directory(cli: Run, tmp_path: Path) -> None:
    assert cli("init", "--data", "some/where/new").exit_code == 0
    assert (tmp_path / "some/where/new/products.json").is_file()


def test_init_fills_a_shop_that_was_opened_and_is_empty(
    cli: Run, target: str, write: Write
) -> None:
    write()
    assert cli("init", "--data", target).exit_code == 0
    assert "62 SKUs" in cli("verify", "--data", target).output


def test_init_leaves_an_owners_own_file_alone(cli: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "products.json").write_text('[{"id":"p","name":"Mine","sizes":{"S":{"stock":1}}}]')
    assert cli("init", "--data", mine).exit_code == 1
    assert '"Mine"' in (mine / "products.json").read_text()


# explain


def test_explain_lists_every_movement_and_the_sum(cli: Run, shop: str, write: Write) -> None:
    write(hold("r1", 3, ttl=10**15), at=1_767_225_600_000)
    write(
        Adjust(sku=M, location=DEFAULT_LOCATION, delta=-1, reason="torn seam", actor="ann"),
        at=1_767_225_601_000,
    )
    write(Capture(ref="r1", payment_id="cs_1"), hold("r2", ttl=10**15), at=1_767_225_602_000)
    result = cli("explain", "prod_hoodie_001", "M", "--data", shop)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "prod_hoodie_001, size M: MIDNIGHT EMERALD HOODIE"
    assert "2026-01-01T00:00:01.000Z" in lines[4]
    assert "-1 on hand" in lines[4]
    assert "“torn seam”, by ann" in lines[4]
    assert "→ 19 on hand, 3 reserved, 16 available" in lines[4]
    assert "because of cs_1, hold r1" in lines[5]
    assert lines[-1] == "14 available now: 16 on hand less 2 reserved."


def test_explain_as_of_a_time_and_as_json(cli: Run, shop: str, write: Write) -> None:
    write(
        Adjust(sku=M, location=DEFAULT_LOCATION, delta=5, kind=Kind.RECEIVED), at=1_767_225_600_000
    )
    write(Count(sku=M, location=DEFAULT_LOCATION, quantity=3), at=1_767_225_600_001)
    then = ["--as-of", "2026-01-01T01:00:00+01:00", "--json"]
    result = json.loads(cli("explain", "prod_hoodie_001", "M", "--data", shop, *then).output)
    assert result["onHand"] == result["available"] == 25
    assert result["asOf"] == "2026-01-01T00:00:00.000Z"
    assert [entry["change"] for entry in result["entries"]] == [{"on_hand": 20}, {"on_hand": 5}]
    assert result["sentence"].startswith("25 available at 2026-01-01T00:00:00.000Z: 25 on hand")
    words = cli("explain", "prod_hoodie_001", "M", "--data", shop, "--as-of", "1969-12-31").output
    assert "no entries until then" in words
    assert "0 available at 1969-12-31T00:00:00.000Z" in words


def test_explain_shows_the_latest_entries(cli: Run, shop: str, write: Write) -> None:
    write(
        *(
            Adjust(sku=M, location=DEFAULT_LOCATION, delta=1, reason=f"no. {number}")
            for number in range(60)
        )
    )
    few = cli("explain", "prod_hoodie_001", "M", "--data", shop, "--limit", "2").output
    assert "59 earlier entries" in few
    assert "no. 59" in few
    assert "no. 57" not in few
    assert "80 available now: 80 on hand" in few
    whole = cli("explain", "prod_hoodie_001", "M", "--data", shop, "--limit", "0").output
    assert "no. 0”" in whole


def test_explain_has_units_that_no_longer_count(cli: Run, shop: str, write: Write) -> None:
    write(hold("r1", 3, ttl=1000))
    sentence = cli("explain", "prod_hoodie_001", "M", "--data", shop).output.splitlines()[-1]
    assert sentence.startswith("17 available now: 20 on hand less 3 reserved.")
    assert sentence.endswith("so 20 can be sold.")


def test_explain_has_promised_units_that_are_missing(cli: Run, shop: str, write: Write) -> None:
    write(hold("r1", 5, ttl=10**15), Count(sku=M, location=DEFAULT_LOCATION, quantity=2))
    output = cli("explain", "prod_hoodie_001", "M", "--data", shop).output
    assert "-3 available now: 2 on hand less 5 reserved. 3 promised and not there." in output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["prod_hoodie_01", "M"],
            1,
            "Product 'prod_hoodie_01' does not exist. Did you mean prod_hoodie_001",
        ),
        (["midnight emerald hoodi", "M"], 1, "Did you mean prod_hoodie_001"),
        (["zzzzzzz", "M"], 1, "Product 'zzzzzzz' does not exist."),
        (["prod_hoodie_001", "m"], 1, "has no size 'm'. It has S, M, L, XL and XXL."),
        (["prod_hoodie_001", "M", "--as-of", "yesterday"], 2, "'yesterday' is not a valid time"),
        (["prod_hoodie_001"], 2, "Missing argument"),
    ],
)
def test_explain_helps_where_it_does_not_understand(
    cli: Run, shop: str, arguments: list[str], code: int, words: str
) -> None:
    result = cli("explain", "--data", shop, *arguments)
    assert result.exit_code == code
    assert words in result.output


# release-expired


def test_release_expired_ends_due_holds_and_reports_them(cli: Run, shop: str, write: Write) -> None:
    write(hold("r1", 3), hold("r2", 2, ttl=10**15))
    result = cli("release-expired", "--data", shop)
    assert result.exit_code == 0
    assert result.output == f"Released 1 expired hold.\n  r1 (session s_r1): 3 of {M}\n"
    assert cli("release-expired", "--data", shop).output == "No expired holds.\n"
    assert json.loads(cli("release-expired", "--data", shop, "--json").output) == {
        "released": [],
        "server": False,
    }
    assert "18 available" in cli("explain", "prod_hoodie_001", "M", "--data", shop).output


def test_release_expired_leaves_it_to_a_server(cli: Run, shop: str, write: Write) -> None:
    write(hold("r1"))
    store = asyncio.run(held(shop))
    try:
        result = cli("release-expired", "--data", shop)
        assert result.exit_code == 0
        assert result.output.startswith("Nothing to do: the running server releases expired holds")
        assert json.loads(cli("release-expired", "--data", shop, "--json").output)["server"]
    finally:
        asyncio.run(store.close())


# migrate


def lively(write: Write) -> None:
    """Holds live, paid and given back; a product-level entry, an outcome."""
    write(hold("r1"), hold("r2", 3, ttl=10**15), hold("r3", ttl=10**15))
    write(Release(ref="r3"), Capture(ref="r1", payment_id="cs_1"), at=2000)
    write(
        Count(
            sku=M,
            location=DEFAULT_LOCATION,
            quantity=30,
            command_id="key",
            digest="d",
            reason="“shelf”",
        ),
        at=3000,
    )


@pytest.mark.parametrize(
    "into", ["json", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def test_migrate_copies_everything_there_and_back(
    cli: Run, shop: str, write: Write, into: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lively(write)
    there = {
        "json": lambda: str(tmp_path / "copy"),
        "sqlite": lambda: f"sqlite:///{tmp_path}/copy.db",
        "postgres": lambda: str(request.getfixturevalue("postgres_url")),
    }[into]()
    result = cli("migrate", "--from", shop, "--to", there)
    assert result.exit_code == 0
    assert "Both stores are equal." in result.output
    assert "everything adds up" in result.output
    back = str(tmp_path / "back")
    data = json.loads(cli("migrate", "--from", there, "--to", back, "--json").output)
    assert data["clean"]
    assert data["copied"]["reservation"] == 3
    assert data["copied"]["outcome"] == 1
    assert data["copied"]["entry"] == data["verify"]["entries"]
    assert asyncio.run(differences(shop, back)) == []


async def differences(left: str, right: str) -> list[str]:
    first, other = open_store(left, read_only=True), open_store(right, read_only=True)
    await first.open(0)
    await other.open(0)
    try:
        return await compare(first, other)
    finally:
        await first.close()
        await other.close()


def test_migrate_needs_an_empty_target(cli: Run, shop: str, tmp_path: Path) -> None:
    cli("init", "--data", "other")
    result = cli("migrate", "--from", shop, "--to", "other")
    assert result.exit_code == 1
    assert "not empty" in result.output


def test_migrate_needs_a_source(cli: Run, target: str, write: Write, tmp_path: Path) -> None:
    for missing in ("nowhere", f"sqlite:///{tmp_path}/nowhere.db"):
        assert cli("migrate", "--from", missing, "--to", "new").exit_code == 1
    assert not list(tmp_path.glob("n*"))
    write()
    empty = cli("migrate", "--from", target, "--to", "new")
    assert empty.exit_code == 1
    assert "is empty: nothing to copy" in empty.output
    assert cli("migrate", "--from", target, "--to", target).exit_code == 2
    assert cli("migrate", "--from", target).exit_code == 2


def test_migrate_does_not_copy_under_a_running_server(cli: Run, shop: str) -> None:
    store = asyncio.run(held(shop))
    try:
        result = cli("migrate", "--from", shop, "--to", "new")
    finally:
        asyncio.run(store.close())
    assert result.exit_code == 1
    assert "out of date" in result.output
    assert cli("migrate", "--from", shop, "--to", "new").exit_code == 0


def test_migrate_reports_a_copy_that_differs(
    cli: Run, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(MemoryStore):
        """Removes the rows and keeps the ledger."""

        store = MemoryStore()

        async def close(self) -> None:
            Forgetful.store.image = self.image

        async def snapshot(self):  # type: ignore[no-untyped-def]
            return (self if self.image.revision else Forgetful.store).image.snapshot()

    monkeypatch.setattr("fancymonkey.store.open.MemoryStore", Forgetful)
    result = cli("migrate", "--from", shop, "--to", "memory://")
    assert result.exit_code == 1
    assert "The copy has errors" in result.output
    assert "differs: product, row 1" in result.output


# all


def test_wrong_usage_is_exit_code_2(cli: Run) -> None:
    assert cli("frobnicate").exit_code == 2
    assert cli("verify", "--nonsense").exit_code == 2
    assert cli("serve", "--port", "99999").exit_code == 2
    assert cli("--help").exit_code == 0
    assert cli("--version").output.startswith("fancymonkey, version ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exprt"], "Did you mean 'export'?"),
        (["release_expired"], "Did you mean 'release-expired'?"),
        (["bundle", "st"], "Did you mean 'set'?"),
        (["export", "--dta", "x"], "Did you mean '--data'?"),
        (["serve", "--worker", "2"], "Did you mean '--workers'?"),
    ],
)
def test_a_misspelt_command_or_option_gets_its_name(
    cli: Run, arguments: list[str], words: str
) -> None:
    result = cli(*arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_every_command_has_its_help(cli: Run) -> None:
    for line in ("serve", "init", "migrate", "verify", "explain", "release-expired", "export"):
        result = cli(line, "--help")
        assert result.exit_code == 0
        assert "Usage: " in result.output
    assert "FILE" in cli("import", "--help").output
