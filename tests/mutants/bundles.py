"""Bugs of bundles: circles, choices, units that are counted twice, versions."""

from tests.mutants.planted import bug

AVAILABILITY = "core/bundles/test_bundle_availability.py"
AT_ONCE = "core/holds/test_holds_at_once.py"

BUNDLES = [
    bug(
        "bundles",
        "parts of several locations make a bundle that has to leave together",
        "core.bundles.availability:pools",
        "recipe.policy is BundlePolicy.SPLIT",
        "True",
        f"{AVAILABILITY}::test_the_number_of_bundles",
    ),
    bug(
        "bundles",
        "an option that two groups share counts for both",
        "core.bundles.availability:_sets",
        "len(set(options)) < len(options)",
        "False",
        f"{AVAILABILITY}::test_an_option_of_two_groups_is_counted_once",
    ),
    bug(
        "bundles",
        "parts of parts are not multiplied",
        "core.bundles.recipe:_fixed_units",
        "component.quantity * quantity",
        "quantity",
        f"{AVAILABILITY}::test_b4_parts_of_parts_are_multiplied_out",
    ),
    bug(
        "bundles",
        "a bundle may contain itself through another one",
        "core.bundles.define:_circle",
        "paths += [[*path, inner.sku] for inner in reversed(item.components)]",
        "pass",
        "core/bundles/test_bundles.py::test_b5_a_circle_is_refused_with_its_path",
    ),
    bug(
        "bundles",
        "an undone change of a bundle keeps its version",
        "core.bundles.sales:next_version",
        "replace(bundle, version=version)",
        "replace(bundle, version=version - 1)",
        "core/bundles/test_bundles.py::test_a_change_of_a_bundle_is_undone_and_redone",
    ),
    bug(
        "bundles",
        "the cents that are left are lost",
        "core.bundles.shares:largest_remainder",
        "shares[index] += 1",
        "shares[index] += 0",
        "core/bundles/test_price_shares.py::test_the_cents_that_are_left_go_to_the_largest_remainders",
    ),
    bug(
        "bundles",
        "a change of a part leaves the listing of its bundles as it was",
        "engine.view.view:View._touch_bundles",
        "self._touch(product_id)",
        "pass",
        "engine/test_view_bundles.py::test_a_bundle_counts_again_exactly_at_the_deadline_of_a_hold",
    ),
    bug(
        "bundles",
        "a simple bundle holds one part of all",
        "core.holds.serve_bundle:serve_bundle",
        "bundle.allocations(quantity, location)",
        "bundle.allocations(quantity, location)[:1]",
        f"{AT_ONCE}::test_simple_holds_take_the_short_ways",
    ),
    bug(
        "bundles",
        "a simple bundle is blind to the holds of its parts",
        "core.holds.serve_bundle:serve_bundle",
        "level.on_hand - level.reserved - level.allocated",
        "level.on_hand",
        f"{AT_ONCE}::test_simple_holds_take_the_short_ways",
    ),
]
