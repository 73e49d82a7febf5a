"""Runs every committed batch again on the second model, and compares each answer and number."""

import copy
from collections.abc import Sequence

from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup, DryRun, RecordEvent, SkuCommands
from fancymonkey.core.holds.attach import Attach
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.set_reserved import SetReserved
from fancymonkey.core.model import Entry, Level, Reservation
from fancymonkey.core.outcomes import Accepted, Answer, Refused
from fancymonkey.core.planning.daily_demand import AddDemand, RestartDemand
from fancymonkey.core.state import State
from fancymonkey.core.stock.adjust import Adjust, Count, Return, SetItem
from tests.core.stock_model import Model


class Replay:
    """The model beside the database. `problems` has their differences."""

    def __init__(self, on_hand: dict[str, int]) -> None:
        self.model = Model(dict(on_hand))
        self.problems: list[str] = []
        self.first_answers: dict[str, Answer] = {}
        self.repeatable: list[Answer] = []
        """Answers to a command with a key that had no effect and may run again."""
        self._events: dict[str, str] = {}
        self._owners: list[str] = []
        self._now = 0
        self._followed = (0, 0)  # generation and revision of the daily demand

    def batch(
        self, commands: Sequence[Command], now: int, answers: Sequence[Answer], state: State
    ) -> None:
        """Compares one batch before it is visible."""
        self._now = now
        made = state.changed.get(Reservation, {}).keys() - state.base[Reservation].keys()
        owners = [str(key) for key in made if str(key).startswith("manual/")]
        self._owners = sorted(owners, key=lambda name: int(name.rpartition("/")[2]))
        self.model.tick(now)
        for command, answer in zip(commands, answers, strict=True):
            outcome = "ok" if isinstance(answer, Accepted) else str(answer.code)
            expected = self._run(command, answer)
            if outcome != expected:
                self.problems.append(f"{command} got {answer}, should be {expected}")
        self._compare_rows(state)
        self._check_entries(state.entries)

    def _run(self, command: Command, answer: Answer) -> str:
        if command.command_id is not None:
            first = self.first_answers.get(command.command_id)
            if first is not None:
                if not isinstance(answer, Accepted) or answer.data != first.data:  # type: ignore[union-attr]
                    self.problems.append(f"{command} got {answer}, at first {first}")
                return "ok"
            nothing_done = self._does_nothing(command, answer)
            if nothing_done:
                self.repeatable.append(answer)
            elif isinstance(answer, Accepted):
                self.first_answers[command.command_id] = answer
        return self._apply(command, answer)

    def _does_nothing(self, command: Command, answer: Answer) -> bool:
        """A group whose rows are all refused, or a buyer who already holds exactly these units."""
        if isinstance(command, CommandGroup) and isinstance(answer, Accepted):
            return all(isinstance(row, Refused) for row in answer.data.rows)
        if isinstance(command, Reserve) and isinstance(answer, Accepted):
            hold = self.model.find(command.session_id)
            held = {} if hold is None or hold.status != "held" else hold.wanted
            return all(held.get(line.sku) == line.quantity for line in command.lines)
        return False

    def _apply(self, command: Command, answer: Answer | None) -> str:
        model = self.model
        match command:
            case Reserve():
                wanted = {line.sku: line.quantity for line in command.lines}
                id_, until = command.reservation_id, self._now + command.ttl
                return model.reserve(id_, command.session_id, wanted, until)
            case Attach():
                return model.attach(command.ref, command.session_id, command.expires_at, self._now)
            case Release():
                return model.release(command.ref)
            case Capture():
                return model.capture(command.ref, command.payment_id or "")
            case Adjust():
                return model.adjust(command.sku, command.delta)
            case Count():
                return model.count(command.sku, command.quantity, command.expected)
            case Return():
                return model.give_back(
                    command.sku, command.quantity, undelivered=command.undelivered
                )
            case SetReserved():
                owner = self._owners[0] if self._owners else "?"
                code = model.set_reserved(command.sku, command.quantity, owner)
                if self._owners and owner in model.holds:
                    self._owners.pop(0)
                return code
            case SetItem():
                if command.sold_out is not None:
                    change = model.sold_out.add if command.sold_out else model.sold_out.discard
                    change(command.sku)
                return "ok"
            case CommandGroup():
                for part in command.commands:
                    self._apply(part, None)
                return "ok"
            case SkuCommands() | DryRun():
                return self._all_or_none(command)
            case RecordEvent():
                return self._event(command, answer)
            case RestartDemand():
                if command.generation != self._followed[0]:
                    return "stale"
                self._followed = (command.generation + 1, 0)
            case AddDemand():
                if (command.generation, command.after) != self._followed:
                    return "stale"
                self._followed = (command.generation, command.revision)
        return "ok"

    def _all_or_none(self, command: SkuCommands | DryRun) -> str:
        before, owners = copy.deepcopy(self.model), list(self._owners)
        if isinstance(command, DryRun):
            code = self._apply(command.command, None)
            self.model, self._owners = before, owners
            return code
        for part in command.commands:
            code = self._apply(part, None)
            if code != "ok":
                self.model, self._owners = before, owners
                return code
        return "ok"

    def _event(self, command: RecordEvent, answer: Answer | None) -> str:
        known = self._events.get(command.event_id)
        if known in (None, "unknown_session"):
            code = "ok" if command.effect is None else self._apply(command.effect, None)
            self._events[command.event_id] = code
        first = known != self._events[command.event_id]
        if isinstance(answer, Accepted) and answer.data.first is not first:
            self.problems.append(f"{command}: {answer}")
        return "ok"

    def _compare_rows(self, state: State) -> None:
        model = self.model
        for level in state.changed.get(Level, {}).values():
            quantities = (level.on_hand, level.reserved, level.backordered)
            sku = level.sku
            expected = (model.on_hand[sku], model.reserved(sku), model.backordered.get(sku, 0))
            if quantities != expected:
                self.problems.append(f"{sku}: {quantities}, should be {expected}")
        for row in state.changed.get(Reservation, {}).values():
            hold = model.holds.get(row.reservation_id)
            if hold is None:
                self.problems.append(f"{row} should not be there")
                continue
            until = float("inf") if row.expires_at is None else row.expires_at
            wanted = {units.sku: units.quantity for units in row.allocations}
            if (str(row.status), until, wanted) != (hold.status, hold.deadline, hold.wanted):
                self.problems.append(f"{row}, should be {hold}")

    def _check_entries(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.kind == "expired" and (entry.until is None or entry.until > entry.at):
                self.problems.append(f"ended early: {entry}")
            if entry.kind == "reserved" and entry.on_hand_after < entry.reserved_after:
                self.problems.append(f"oversold: {entry}")
