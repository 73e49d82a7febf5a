"""Planted bugs of locations and bundles: the days of `network_steps` must notice each of them."""

from tests.sim.mutants import CORE, Edit, Mutant


def bug(name: str, *edits: tuple[str, str, str]) -> Mutant:
    """A bug in rules of the core."""
    return Mutant(name, tuple(Edit(f"{CORE}.{where}", old, new) for where, old, new in edits))


LOCATIONS = [
    bug(
        "an order is cancelled into the wrong location",
        ("orders.returns:cancel_units", "key, key[1], count", 'key, "main", count'),
    ),
    bug(
        "a rejected unit is lost",
        (
            "transfers.receive:_receive_line",
            "move(state, command, transfer, line.sku, line.rejected, transit, rejected)",
            "book_difference(state, command, transfer, line.sku, -line.rejected, reason)",
        ),
    ),
    bug(
        "the transit is forgotten",
        (
            "transfers.send:send_transfer",
            "(transfer.from_location, transit_of(transfer))",
            "(transfer.from_location, transfer.to_location)",
        ),
    ),
    bug(
        "routing is blind to holds",
        (
            "holds.serve:_free_units",
            "state.level(sku, location_id).available",
            "state.level(sku, location_id).on_hand",
        ),
    ),
    bug(
        "a single line is routed blind to holds",
        (
            "holds.serve_line:serve_line",
            "level.on_hand - level.reserved - level.allocated",
            "level.on_hand",
        ),
    ),
    bug(
        "the safety stock of a single line is sold",
        ("holds.serve_line:serve_line", "if safety_stock:", "if safety_stock and not sku:"),
    ),
    bug(
        "units beyond those sent are booked twice",
        (
            "transfers.receive:_receive_line",
            "line.sku, surplus, reason)",
            "line.sku, 2 * surplus, reason)",
        ),
    ),
    bug(
        "closing short forgets the loss",
        (
            "transfers.finish:_account_for",
            "book_difference(state, command, transfer, sku, -quantity, reason)",
            "pass",
        ),
    ),
    bug(
        "safety stock is sold",
        (
            "holds.serve:_free_units",
            "if safety_stock:",
            "if safety_stock and not sku:",
        ),
    ),
    bug(
        "a short location hides the units of others",
        (
            "holds.serve:_free_units",
            "max(mine, mine if off_sale else units + mine, 0)",
            "units + mine",
        ),
    ),
    bug(
        "a unit is shipped twice",
        ("orders.ship:_ship", "shipped=row.shipped + count", "shipped=row.shipped"),
    ),
    bug(
        "a unit is returned twice",
        ("orders.cancel:return_order", "units.shipped - units.returned", "units.shipped"),
    ),
]
"""Bugs of locations, transfers and orders."""

BUNDLES = [
    bug(
        "a bundle holds one part of all",
        (
            "explode:explode",
            "_sold_parts(item, item.bundle, plain)",
            "_sold_parts(item, item.bundle, dict(list(plain.items())[:1]))",
        ),
    ),
    bug(
        "parts of several locations count for a bundle that leaves together",
        ("bundles.availability:pools", "recipe.policy is BundlePolicy.SPLIT", "True"),
        (
            "bundles.availability:buildable_of_fixed",
            "recipe.policy is BundlePolicy.SPLIT",
            "True",
        ),
    ),
    bug(
        "the limits of choices are ignored",
        ("explode:_unfit", "not 0 <= quantity <= most[sku]", "quantity < 0"),
        (
            "explode:_unbalanced",
            "units == wanted and short_options(only_options, chosen, 1) is None",
            "units == wanted or only_options is None",
        ),
    ),
    bug(
        "a release forgets a part",
        (
            "holds.give_back:give_back",
            "in hold.allocations:",
            "in hold.allocations[: 1 if hold.parts else None]:",
        ),
    ),
    bug(
        "a return takes the parts of the present definition",
        (
            "orders.open:open_order",
            "hold.parts or ()",
            "tuple(part for part in hold.parts or () if part.sku in "  # noqa: ISC004
            "[one.sku for one in state.get(Item, part.bundle).components])",
        ),
    ),
    bug(
        "units to keep for single sale are sold",
        ("bundles.sale_rules:kept_back", "if keep:", "if 0:"),
    ),
    bug(
        "bundles that were built in advance count twice",
        (
            "holds.serve:pre_built",
            "sum(units.get(sku, 0) for units in free.values())",
            "2 * sum(units.get(sku, 0) for units in free.values())",
        ),
    ),
    bug(
        "the limit of all sales is ignored",
        ("bundles.sale_rules:over_limit", "if left < line.quantity:", "if left < 0:"),
    ),
]
"""Bugs of bundles."""
