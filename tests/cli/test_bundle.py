"""`fancymonkey bundle`: on a stopped store, and its refusals."""

import json
from pathlib import Path

from tests.cli.conftest import Run

PAIR = [
    {"productId": "prod_hoodie_001", "size": "M", "quantity": 1},
    {"productId": "prod_hoodie_001", "size": "L", "quantity": 2},
]


def test_a_bundle_is_set_shown_and_undone(cli: Run, shop: str) -> None:
    data = ("--data", shop)
    made = cli("bundle", "set", "prod_hoodie_001", "S", "--json", json.dumps(PAIR), *data)
    assert made.output == "prod_hoodie_001 S is a bundle.\n", made.output
    listed = cli("bundle", "show", *data).output
    assert "of 1 x prod_hoodie_001 M + 2 x prod_hoodie_001 L" in listed
    (row,) = json.loads(cli("bundle", "show", "--json", *data).output)["bundles"]
    assert (row["size"], row["bundle"]["version"]) == ("S", 1)
    assert row["bundle"]["components"] == PAIR
    ordinary = cli("bundle", "set", "prod_hoodie_001", "S", "--json", "null", *data)
    assert ordinary.output == "prod_hoodie_001 S is an ordinary size.\n"
    assert cli("bundle", "show", *data).output == ""


def test_a_definition_that_is_not_valid_is_refused_in_one_line(
    cli: Run, shop: str, tmp_path: Path
) -> None:
    for text, reason in (
        ("[", "--json"),
        ("[]", "at least one part"),
        ('[{"productId": "none", "size": "M"}]', "No such product or size"),
        ('[{"productId": "prod_hoodie_001", "size": "S"}]', "cannot contain itself"),
    ):
        refused = cli("bundle", "set", "prod_hoodie_001", "S", "--json", text, "--data", shop)
        assert refused.exit_code == 1
        assert reason in refused.output
        assert refused.output.count("\n") == 1
