"""Planted bugs: small changes to the production code, each of which the simulation must notice."""

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

LATE = "asyncio.get_running_loop().call_later(0.001, self._show, commands, commit)"
OPTIMISM = """except StoreError as error:
        from fancymonkey.core.outcomes import Accepted
        [waiter[2].done() or waiter[2].set_result(Accepted({})) for waiter in batch]"""

CORE = "fancymonkey.core"
ENGINE = "fancymonkey.engine"


@dataclass(frozen=True)
class Edit:
    """In the function `where` (`module:Class.name`) the text `old`, found once, becomes `new`."""

    where: str
    old: str
    new: str

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The function has the bug within this context, wherever it is referred to."""
        function = self._function()
        before = function.__code__
        function.__code__ = self._changed(function)
        try:
            yield
        finally:
            function.__code__ = before

    def _function(self) -> FunctionType:
        module, _, path = self.where.partition(":")
        place: Any = importlib.import_module(module)
        for name in path.split("."):
            place = getattr(place, name)
        place = inspect.unwrap(place)
        assert isinstance(place, FunctionType)
        return place

    def _changed(self, function: FunctionType) -> CodeType:
        source = textwrap.dedent(inspect.getsource(function))
        assert source.count(self.old) == 1, f"{self.where} has no {self.old!r} any more"
        scope = dict(function.__globals__)
        exec(compile(source.replace(self.old, self.new), self.where, "exec"), scope)
        changed = inspect.unwrap(scope[function.__name__])
        assert isinstance(changed, FunctionType)
        return changed.__code__


@dataclass(frozen=True)
class Mutant:
    """A bug: one edit or more. `core`: the state machine over the core notices it too."""

    name: str
    edits: tuple[Edit, ...]
    core: bool = False

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The bug is in the code within this context."""
        with ExitStack() as stack:
            for edit in self.edits:
                stack.enter_context(edit.planted())
            yield


def rule(name: str, where: str, old: str, new: str) -> Mutant:
    """A bug in a rule of the core."""
    return Mutant(name, (Edit(f"{CORE}.{where}", old, new),), core=True)


def engine(name: str, *edits: tuple[str, str, str]) -> Mutant:
    """A bug in the engine."""
    return Mutant(name, tuple(Edit(f"{ENGINE}.{where}", old, new) for where, old, new in edits))


RULES = [
    rule(
        "checks what is on hand, not what is available",
        "holds.reserve:_allocations",
        ".available + mine",
        ".on_hand + mine",
    ),
    rule(
        "own units count against oneself",
        "holds.reserve:_allocations",
        ".available + mine",
        ".available",
    ),
    rule(
        "own units count twice for oneself",
        "holds.reserve:_allocations",
        ".available + mine",
        ".available + 2 * mine",
    ),
    rule(
        "looks at the first line only",
        "holds.reserve:_allocations",
        "in lines.items():",
        "in list(lines.items())[:1]:",
    ),
    rule(
        "a new reserve pushes the deadline out",
        "holds.reserve:_changed",
        "replace(current, allocations=allocations,",
        "replace(current, expires_at=9**9 + command.ttl, allocations=allocations,",
    ),
    rule(
        "attach forgets the deadline",
        "holds.attach:attach",
        "command.expires_at != hold.expires_at",
        "command.expires_at is hold",
    ),
    rule(
        "a hold is given back twice",
        "holds.end:release",
        "hold.status is not Status.HELD",
        "hold.status is Status.CAPTURED",
    ),
    rule(
        "a release after the sale gives back",
        "holds.end:release",
        "hold.status is not Status.HELD",
        "hold.status not in (Status.HELD, Status.CAPTURED)",
    ),
    rule(
        "a sale leaves the units reserved",
        "holds.end:_sell",
        "reserved=0 if late else -sale.quantity",
        "reserved=0",
    ),
    rule(
        "a payment sells twice",
        "holds.end:capture",
        "hold.status is Status.CAPTURED",
        "hold.status is Status.HELD and False",
    ),
    rule(
        "a late payment takes what others hold",
        "holds.end:_sell",
        "level.available if late",
        "level.on_hand if late",
    ),
    rule(
        "a late payment is forgotten",
        "holds.end:capture",
        "hold.status is Status.CAPTURED",
        "hold.status is not Status.HELD",
    ),
    rule(
        "a count takes no notice of what was expected",
        "stock.adjust:count",
        "command.expected is not None",
        "command.expected == -1",
    ),
    rule(
        "backorders are never filled",
        "stock.backorders:fill_backorders",
        "if not filled:",
        "if filled >= 0:",
    ),
    rule(
        "the owner's hold forgets whose units it freed",
        "holds.set_reserved:set_reserved",
        "command.quantity - level.reserved",
        "command.quantity - level.reserved - 1",
    ),
    rule(
        "a chain keeps what it did before it failed",
        "execute:_chain",
        "savepoint.undo()\n                return answer",
        "return answer",
    ),
    rule("a dry run is a run", "execute:_dry_run", "savepoint.undo()", "pass"),
    rule(
        "an event counts again",
        "execute:_event",
        "before not in (None, Code.UNKNOWN_SESSION)",
        "before is state",
    ),
    Mutant(
        "holds end a second early",
        (
            Edit(
                "fancymonkey.store.in_memory.store:RowsInMemory.due",
                "[0][0] <= now",
                "[0][0] <= now + 1000",
            ),
            Edit(f"{CORE}.holds.end:expire_due", "<= state.now:", "<= state.now + 1000:"),
        ),
    ),
    rule(
        "holds end a second late",
        "holds.end:expire_due",
        "row.expires_at <= state.now",
        "row.expires_at <= state.now - 1000",
    ),
    Mutant(
        "command ids are not looked at",
        (Edit(f"{CORE}.execute:run_one", "if stored is not None:", "if stored is state:"),),
    ),
]
"""Bugs in the rules."""

ENGINE_BUGS = [
    engine(
        "answers though the commit failed",
        (
            "batcher:Batcher._commit",
            "except StoreError as error:\n        _fail(batch, error)",
            OPTIMISM,
        ),
    ),
    engine(
        "drops the answers of a failed batch",
        (
            "batcher:Batcher._commit",
            "_fail(batch, error)\n    except Exc",
            "pass\n    except Exc",
        ),
    ),
    engine(
        "answers before the view shows it",
        (
            "batcher:Batcher._commit",
            "await self._finish(batch, commit, self._show(commands, commit), started)",
            LATE + "\n        await self._finish(batch, commit, None, started)",
        ),
        (
            "batcher:Batcher._commit_now",
            "shown = self._show(commands, commit)",
            f"{LATE}; shown = None",
        ),
    ),
    engine(
        "runs a batch again when it could not be reached",
        (
            "batcher:Batcher._commit",
            "except StoreError as error:\n        _fail(batch, error)",
            "except StoreError as error:\n        await self._commit(batch)",
        ),
    ),
    engine(
        "the view skips entries",
        (
            "view.view:View.apply",
            "self._set_level(evolve(level, entry))",
            "self._set_level(entry.on_hand and evolve(level, entry) or level)",
        ),
    ),
    engine(
        "the view does not take the levels of a batch",
        ("view.view:View.take", "for level in levels.values():", "for level in ():"),
    ),
    engine(
        "a batch within a turn is not published",
        (
            "batcher:Batcher._commit_now",
            "_answer_all(batch, commit.answers)",
            "repr(commit.answers)",
        ),
    ),
    engine(
        "the view forgets that a hold was extended",
        ("view.view:View._follow_hold", "if until != hold.until:", "if hold.until is None:"),
    ),
    engine(
        "the feed keeps only the last change for a slow listener",
        ("view.feed:Subscription.ring", "self._pending |= skus", "self._pending = set(skus)"),
    ),
    engine(
        "a listener that comes back misses a change",
        (
            "view.feed:Feed.entries_after",
            "revision + 1 - recent[0].revision",
            "revision + 2 - recent[0].revision",
        ),
    ),
    engine(
        "a listener that comes back from the past hears nothing",
        ("engine:Engine._missed", "self.view.bundles.with_bundles(skus) | later", "later"),
        ("view.feed:Feed.entries_after", "if not recent or", "if recent or"),
    ),
    engine(
        "bells are not heard",
        ("engine:Engine.catch_up", "while revision > self.view.revision:", "while False:"),
    ),
    engine(
        "what others edited is not read again",
        ("engine:Engine._announce", "if stale:", "if not self:"),
    ),
    engine(
        "nobody tidies holds that are over",
        ("engine:Engine._expire_on_time", "if self.view.has_unbooked_expiries:", "if not self:"),
    ),
    engine(
        "a restart forgets the command ids",
        (
            "engine:Engine.open",
            "first = await",
            "await self.store.prune(FOREVER); first = await",
        ),
    ),
    engine(
        "a follower moves on although its handler failed",
        ("follow:LedgerFollower.portion", "self.forget()", "self._position = shown[-1].revision"),
    ),
    engine(
        "a follower skips an entry at its start",
        (
            "demand.daily_demand:DemandKeeper._begin",
            "return cursor.revision",
            "return cursor.revision + bool(cursor.revision)",
        ),
    ),
    Mutant(
        "demand is added wherever the cursor is",
        (
            Edit(
                f"{CORE}.planning.daily_demand:add_demand",
                "cursor is None or (cursor.generation, cursor.revision) != (\n"
                "        command.generation,\n        command.after,\n    )",
                "cursor is None",
            ),
        ),
    ),
    Mutant(
        "units turned away are counted whole each time",
        (
            Edit(
                f"{CORE}.planning.daily_demand:count_turned_away",
                "row.counted if row.generation == cursor.generation else 0",
                "0",
            ),
        ),
    ),
]
"""Bugs in the code around the rules."""

MUTANTS = [*RULES, *ENGINE_BUGS]
