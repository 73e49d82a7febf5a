"""Planted bugs over all layers, each with the test that has to catch it.

`tests/sim/mutants.py` has those of the rules and the engine that the simulation must notice; these
here are for one quick test each.
"""

from dataclasses import dataclass

from tests.sim.mutants import Edit


@dataclass(frozen=True)
class Planted:
    """With the edit in place the test, or one of several, must fail."""

    layer: str
    name: str
    edit: Edit
    test: str

    @property
    def slow(self) -> bool:
        """Whether its test needs a database or real time."""
        return self.layer in ("postgres", "jobs", "migrate")


def bug(layer: str, name: str, where: str, old: str, new: str, test: str) -> Planted:
    """A row of the table: a name in a module of the package, and the tests that may catch it."""
    return Planted(layer, name, Edit(f"fancymonkey.{where}", old, new), f"tests/{test}")


JSON = "store/test_json_failed_sync.py"
SQLITE = "store/test_sqlite_failed_sync.py"
DURABLE = f"{JSON}::test_what_is_sold_after_a_failure_and_a_restart_is_durable"
AWAY = "store/test_unwritable.py"

STORES = [
    bug(
        "json",
        "the folder is not synced between the two renames of a rotation",
        "store.json.journal:Journal.rotate",
        "self._disk.sync_folder(self._folder)\n    self._disk.rename(temporary",
        "self._disk.rename(temporary",
        "store/test_files.py::test_a_rotation_keeps_the_old_segment_whichever_rename_outlives"
        "_a_power_cut",
    ),
    bug(
        "json",
        "a file that is replaced is not synced by its folder",
        "store.shared.files:write_safely",
        "disk.sync_folder(path.parent)",
        "pass",
        "store/test_files.py::test_a_file_that_was_written_safely_outlives_a_power_cut",
    ),
    bug(
        "json",
        "a new file is not synced",
        "store.shared.files:write_new",
        "disk.sync(fd)",
        "pass",
        "store/test_files.py::test_a_file_that_was_written_safely_outlives_a_power_cut",
    ),
    bug(
        "json",
        "what was last is not copied at a start",
        "store.json.journal:Journal.start",
        "self._rewrite_last(last)",
        "pass",
        DURABLE,
    ),
    bug(
        "json",
        "every end counts as a clean one",
        "store.json.journal:Journal._closed_cleanly",
        "self._whole == self._size and",
        "True or",
        DURABLE,
    ),
    bug(
        "json",
        "what is copied at a start has lost its last line",
        "store.json.journal:Journal._lines",
        "data[: walk.end]",
        "data[: walk.last]",
        DURABLE,
    ),
    bug(
        "json",
        "a line is not synced",
        "store.json.journal:Journal.append",
        "self._disk.sync(self._fd)",
        "pass",
        DURABLE,
    ),
    bug(
        "json",
        "an end after a failed sync counts as clean",
        "store.json.journal:Journal.end",
        "and self._sound",
        "",
        f"{JSON}::test_a_failed_sync_is_no_clean_end",
    ),
    bug(
        "json",
        "writing goes on after a failed sync",
        "store.json.store:JsonStore._stop",
        'self._stopped = f"{self._path}: {reason}. Writing has stopped; restart the service."',
        "self._stopped = None",
        "store/test_json_crash.py::test_after_a_failed_sync_nothing_is_written_any_more",
    ),
    bug(
        "json",
        "a wrong checksum is believed",
        "store.json.segments:unseal",
        "return checksum if line",
        "return checksum if True or line",
        "store/test_json_journal.py::test_a_missing_line_or_segment_is_refused",
    ),
    bug(
        "sqlite",
        "a failed sync leaves no mark",
        "store.sqlite.writer:SqliteWriter.stopping",
        "mark_failed_sync(self.path)",
        "pass",
        f"{SQLITE}::test_after_a_failed_sync_the_next_start_copies_into_a_new_file",
    ),
    bug(
        "sqlite",
        "the mark is removed before the copy is in place",
        "store.sqlite.recovery:repair",
        "with _exclusive(path) as db:",
        "disk.remove(mark)\n    with _exclusive(path) as db:",
        f"{SQLITE}::test_a_database_that_somebody_else_has_open_is_not_replaced",
    ),
    bug(
        "sqlite",
        "a failed sync of a checkpoint is passed over",
        "store.sqlite.writer:SqliteWriter.checkpoint",
        "with translated_errors(self.path), self.stopping():",
        "with translated_errors(self.path):",
        f"{SQLITE}::test_after_a_failed_sync_the_next_start_copies_into_a_new_file",
    ),
    bug(
        "sqlite",
        "the log of a killed process stays",
        "store.sqlite.writer:SqliteWriter.begin",
        "empty_log(self.path, self.db, self._disk)",
        "pass",
        f"{SQLITE}::test_a_killed_process_leaves_nothing_in_the_log_for_the_next_sale",
    ),
    bug(
        "sqlite",
        "an old copy replaces a newer database",
        "store.sqlite.recovery:repair",
        "copied < 0 or _revision(db) > copied",
        "copied < 0",
        f"{SQLITE}::test_an_old_copy_does_not_replace_a_newer_database",
    ),
    bug(
        "sqlite",
        "a failed commit does not stop the writer",
        "store.sqlite.writer:SqliteWriter.transaction",
        "if self.stopped is not None:",
        "if False:",
        "store/test_sqlite.py::test_after_a_failed_sync_nothing_is_written_until_a_restart",
    ),
    bug(
        "sqlite",
        "a change by hand is not noticed",
        "store.sqlite.writer:SqliteWriter._check_other_programs",
        "if version != self._version:",
        "if False:",
        "store/test_sqlite.py::test_a_change_by_hand_before_the_first_batch_counts",
    ),
    bug(
        "postgres",
        "a failed write is not remembered",
        "store.postgres.store:PostgresStore._write",
        "self._write_check.failed = str(error)",
        "pass",
        f"{AWAY}::test_postgres_that_takes_no_change_is_noticed_and_comes_back_by_itself",
    ),
    bug(
        "store",
        "a probe is made for everybody who asks",
        "store.shared.write_check:WriteCheck.check",
        "or now < self._next",
        "",
        f"{AWAY}::test_it_tries_only_now_and_then",
    ),
    bug(
        "migrate",
        "nobody notices that the source was written to meanwhile",
        "store.copy:_check_unchanged",
        "if await source.entries_after(revision, 1):",
        "if not source:",
        "store/test_copy.py",
    ),
]

RULES = [
    bug(
        "core",
        "a sale names nobody",
        "core.holds.end:_sell",
        "actor=command.actor",
        'actor=""',
        "core/test_actors.py",
    ),
    bug(
        "core",
        "a hold of nothing that is there is taken",
        "core.holds.reserve:_refusal",
        ".available + mine",
        ".available + mine + 1",
        "core/test_reserve.py",
    ),
    bug(
        "core",
        "a late payment takes what is held for others",
        "core.holds.end:_sell",
        "level.available if late",
        "level.on_hand if late",
        "core/test_resolve.py",
    ),
    bug(
        "core",
        "a hold that is over is given back again",
        "core.holds.end:release",
        "hold.status is not Status.HELD",
        "hold.status is Status.CAPTURED",
        "core/test_resolve.py",
    ),
    bug(
        "limits",
        "as many live holds as one likes",
        "core.holds.limits:check_hold_limits",
        "row[0].status is Status.HELD",
        "False",
        "core/test_fair.py",
    ),
    bug(
        "limits",
        "the share of a SKU is one unit too large",
        "core.holds.limits:check_hold_limits",
        "line.quantity > most:",
        "line.quantity > most + 1:",
        "core/test_fair.py",
    ),
    bug(
        "ledger",
        "more may be promised than is there",
        "core.ledger:evolve",
        "entry.short > 0 and entry.kind not in MAY_RAISE_SHORT",
        "False",
        "core/test_ledger.py",
    ),
    bug(
        "ledger",
        "the running numbers of an entry are not compared",
        "core.ledger:evolve",
        "on_hand != entry.on_hand_after or reserved != entry.reserved_after",
        "False",
        "core/test_ledger.py",
    ),
    bug(
        "ledger",
        "fewer than none may be on hand",
        "core.ledger:broken_rule",
        "level.on_hand < 0",
        "False",
        "core/test_ledger.py",
    ),
    bug(
        "idempotency",
        "another request with the same key gets the first answer",
        "core.execute:run_one",
        "stored.digest != command.digest",
        "False",
        "core/test_execute.py",
    ),
    bug(
        "idempotency",
        "an answer is not kept",
        "core.execute:run_one",
        "state.put(Outcome(command.command_id, command.digest, state.now, text))",
        "pass",
        "core/test_execute.py",
    ),
]

ENGINE = [
    bug(
        "batcher",
        "the gate is left shut",
        "engine.batcher:Batcher.held",
        "async with self._gate:\n        yield",
        "await self._gate.acquire()\n    yield",
        "engine/test_batcher.py::test_what_waited_while_it_was_held_is_committed_at_once"
        "_afterwards",
    ),
    bug(
        "batcher",
        "a queue without an end",
        "engine.batcher:Batcher._take",
        "len(self._queue) >= self._queue_max",
        "False",
        "engine/test_batcher.py",
    ),
    bug(
        "view",
        "half a batch is shown",
        "engine.view:View.take",
        "for level in levels.values():",
        "for level in list(levels.values())[: max(1, len(levels) // 2)]:",
        "engine/test_view.py::test_it_shows_the_whole_of_a_batch",
    ),
    bug(
        "view",
        "a missing entry is passed over",
        "engine.view:View.take",
        "if entry.revision != self.revision + 1:",
        "if False:",
        "engine/test_view.py",
    ),
    bug(
        "feed",
        "a listener that comes back misses the first change",
        "engine.feed:Feed.since",
        "if number > revision}",
        "if number > revision + 1}",
        "engine/test_feed.py",
    ),
    bug(
        "feed",
        "too many may listen",
        "engine.feed:Feed.subscribe",
        "if self.full:",
        "if False:",
        "engine/test_feed.py",
    ),
    bug(
        "jobs",
        "a lease is taken although its holder renews it",
        "jobs.lease:Lease._take",
        "self._stale.seconds(version) < STALE_SECONDS",
        "False",
        "jobs/test_runner.py::test_of_two_servers_one_does_the_jobs",
    ),
    bug(
        "alerts",
        "nobody's night is quiet",
        "alerts.outbox:Outbox.when",
        "if one.sort.urgent:",
        "if True:",
        "alerts/test_told.py",
    ),
    bug(
        "accounts",
        "guessing never has to wait",
        "accounts.failure_counter:FailureCounter.wait",
        "if len(failures) >= self._most else 0",
        "if False else 0",
        "accounts/test_attacks.py::test_guessing_from_one_address_has_to_wait",
    ),
    bug(
        "backup",
        "the newest backup is removed",
        "backup.retention:to_remove",
        "if name not in stay]",
        "]",
        "backup/test_nightly.py",
    ),
    bug(
        "webhooks",
        "a signature of any age counts",
        "web.shop_api.stripe_webhook:check_signature",
        "abs(now // 1000 - int(times[0])) > TOLERANCE_SECONDS",
        "False",
        "web/test_stripe_signature.py",
    ),
    bug(
        "readiness",
        "ready though nothing can be written",
        "web.system.health:router",
        "if unwritable is not None:",
        "if False:",
        "web/test_store_failures.py::test_readyz_is_503_while_nothing_can_be_written",
    ),
    bug(
        "readiness",
        "strangers read every word",
        "web.system.health:for_strangers",
        'return [f"{text} {WHERE}" for text in sorted(kinds)]',
        "return problems",
        "web/test_store_failures.py::test_readyz_gives_strangers_no_place_and_the_owner_every_word",
    ),
]

PLANTED = [*RULES, *STORES, *ENGINE]
