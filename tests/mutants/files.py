"""Bugs of files: spreadsheets, products.json, and the rights of a store's files."""

from tests.mutants.planted import bug

IMPORT = "web/imports/test_import.py"
BY_LOCATION = "web/imports/test_import_by_location.py"
SHOPIFY = "web/imports/test_import_shopify.py"
LOCATIONS = "store/json/test_json_locations.py"
STALE = "store/products_file/test_stale_files.py"
MISTAKES = "store/products_file/test_products_mistakes.py"
RIGHTS = "store/contract/test_permissions.py"
FAILED_SYNC = (
    "store/products_file/test_products_failed_sync.py"
    "::test_unsynced_versions_are_kept_until_they_are_written_again"
)

SPREADSHEETS = [
    bug(
        "spreadsheets",
        "an edited stock takes back the sales since the export",
        "spreadsheets.imports.stock_cells:StockCells._merged",
        "return now + change",
        "return value",
        f"{IMPORT}::test_a_sale_in_between_survives_and_one_undo_reverts_everything[memory]",
    ),
    bug(
        "spreadsheets",
        "a count since the export is overruled",
        "spreadsheets.imports.stock_cells:StockCells._merged",
        "if since:",
        "if False:",
        f"{IMPORT}::test_a_count_of_another_user_since_is_a_conflict[memory]",
    ),
    bug(
        "spreadsheets",
        "a setting that was changed since the export is overruled",
        "spreadsheets.imports.import_planner:Planner._cell",
        "snapshot is not None and not snapshot.same(column, now)",
        "False",
        f"{IMPORT}::test_a_cell_changed_by_another_user_since_is_a_conflict[memory]",
    ),
    bug(
        "spreadsheets",
        "products are added without the option to do so",
        "spreadsheets.imports.import_planner:Planner._row",
        "if not self._options.create:",
        "if False:",
        f"{IMPORT}::test_new_things_are_listed_and_made_only_when_asked_for[memory]",
    ),
    bug(
        "spreadsheets",
        "a name is a formula",
        "spreadsheets.cells.formula_escape:safe",
        "return text",
        "return text.lstrip(chr(39))",
        "spreadsheets/test_formulas.py",
    ),
    bug(
        "spreadsheets",
        "the export of another row is believed",
        "spreadsheets.imports.import_planner:Planner._snapshot",
        "not mark.is_of(row.item.sku, row.location) or mark.revision > self._current.revision",
        "False",
        f"{IMPORT}::test_a_mark_is_read_and_never_believed",
    ),
    bug(
        "spreadsheets",
        "a row of another location counts at the default one",
        "spreadsheets.imports.stock_cells:StockCells._command",
        "location = row.location or self._options.location",
        "location = self._options.location",
        f"{BY_LOCATION}::test_sales_since_the_export_stay_sold_at_their_location",
    ),
    bug(
        "spreadsheets",
        "the stock that Shopify has seen is not compared",
        "spreadsheets.imports.shopify:_Reader._row",
        "if text and was and not resolved.fault:",
        "if False:",
        f"{SHOPIFY}::test_a_current_that_differs_is_not_applied_and_reported",
    ),
    bug(
        "spreadsheets",
        "the preview accepts a circle of bundles",
        "spreadsheets.imports.bundle_cells:BundleCells.check",
        "if not isinstance(answer, Refused):",
        "if True:",
        "web/imports/test_import_bundles.py::test_a_circle_through_two_rows_is_refused",
    ),
    bug(
        "spreadsheets",
        "a new size goes off sale before its units elsewhere are gone",
        "core.changes.undo:undo",
        "sorted(rows, key=_goes_off_sale)",
        "rows",
        f"{BY_LOCATION}::test_new_sizes_and_products_begin_at_several_locations[memory-main]",
    ),
]

OWNERS_FILE = [
    bug(
        "products.json",
        "an old number takes sales back",
        "store.products_file.edits.stale:_old",
        "return at is not None and changed(at)",
        "return False",
        f"{STALE}::test_the_old_file_itself_comes_back",
    ),
    bug(
        "products.json",
        "a size that came since goes off sale with an old file",
        "store.products_file.edits.stale:_EditedProduct._sizes",
        "elif not self._added_since(changes, sku):",
        "elif True:",
        f"{STALE}::test_other_additions_and_removals_stay",
    ),
    bug(
        "products.json",
        "older versions are forgotten at a restart",
        "store.products_file.edits.older_versions:OlderVersions.open",
        "if at <= revision:",
        "if at > revision:",
        f"{STALE}::test_only_what_was_edited_counts",
    ),
    bug(
        "products.json",
        "a stock that is gone counts as none",
        "store.products_file.edits.mistakes:Mistakes._size",
        "if had and _lost(size.fields, name, refuse_null=strict):",
        "if False:",
        f"{MISTAKES}::test_the_edit_is_refused_and_the_last_good_state_stays",
    ),
    bug(
        "products.json",
        "a mistyped name is the owner's own field",
        "store.products_file.edits.mistakes:Mistakes._names",
        "if known is None or any(name in fields for fields in object_.before):",
        "if True:",
        f"{MISTAKES}::test_the_edit_is_refused_and_the_last_good_state_stays",
    ),
    bug(
        "products.json",
        "a version is forgotten after a failed sync",
        "store.products_file.saved_versions:Versions._forget_others",
        "if self.sync_failed:",
        "if False:",
        FAILED_SYNC,
    ),
    bug(
        "products.json",
        "what could not be synced is not written again",
        "store.products_file.saved_versions:Versions.write_again",
        "if content is None:",
        "if content:",
        FAILED_SYNC,
    ),
    bug(
        "products.json",
        "a total and locations that disagree are both taken",
        "store.products_file.edits.stock_edits:edited_stock",
        "if by_location:",
        "if False:",
        f"{LOCATIONS}::test_an_edit_is_refused_with_its_place",
    ),
    bug(
        "products.json",
        "an older stock of a location takes a sale back",
        "store.products_file.edits.stale:_EditedProduct._locations",
        "if _old(value, present, old, changed):",
        "if False:",
        f"{LOCATIONS}::test_an_older_file_reverts_no_sale",
    ),
    bug(
        "rights",
        "what others may read is not found",
        "store.shared.permissions:open_to_others",
        "mode & OTHERS",
        "mode & 0o007",
        RIGHTS,
    ),
    bug(
        "rights",
        "a folder of the store is open to others",
        "store.shared.files:Disk.make_folder",
        "path.chmod(PRIVATE_FOLDER)",
        "path.chmod(0o755)",
        RIGHTS,
    ),
    bug(
        "rights",
        "a file that was open to others stays open",
        "store.shared.files:Disk.create",
        "os.fchmod(fd, PRIVATE)",
        "pass",
        RIGHTS,
    ),
]
