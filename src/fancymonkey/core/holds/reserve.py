"""Sets units aside for a buyer: Reserve."""

from dataclasses import replace

from fancymonkey.core.bundles.sales import count_bundles
from fancymonkey.core.command import Command, found_hold
from fancymonkey.core.explode import Choice
from fancymonkey.core.holds.held_stock import stock_of_lines
from fancymonkey.core.holds.limits import (
    ClientSource,
    check_hold_limits,
    needs_source,
    remember_source,
)
from fancymonkey.core.holds.lines import Lines, Units, by_sku, sold_lines
from fancymonkey.core.holds.refusals import (
    Fault,
    ended_session,
    faulty_lines,
    has_line,
    open_checkout,
)
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.holds.serve import UnitsRequest, needs_served, serve
from fancymonkey.core.holds.serve_line import serve_line
from fancymonkey.core.holds.served import Served
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.routing import Routing
from fancymonkey.core.model import (
    HELD,
    MAX_LINES,
    Allocation,
    Item,
    Kind,
    Level,
    Line,
    Reservation,
    SessionLink,
)
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.payments.pending import needs_pending
from fancymonkey.core.payments.rows import Checkout
from fancymonkey.core.state import Key, State
from fancymonkey.core.stock.answers import MovedLine, one_for_each_sku
from fancymonkey.core.stock.sku_stock import offered, safety_at

_RESERVED = Kind.RESERVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve(Command):
    """Holds units for a session until they are captured, released or expire.

    All lines are held or none; a refusal names each line with too few units. A SKU that the session
    already holds gets the new quantity, its own units do not count against it, and the deadline
    stays. Lines of the same SKU are one line. `location` serves them. `reservation_id` is used if
    the session has no hold yet. `ttl` in milliseconds. While the hold is at the checkout its lines
    cannot change. With `only` the hold has these lines and no others: its other units are released.
    The limits of a `source` apply to its unpaid units; `replaces` is an earlier hold of the same
    buyer, which they ignore.

    With a `routing` any location may serve the lines instead, and the answer has the `allocations`
    and the reasons `because`. `choices` are the options of bundles among the lines.
    """

    reservation_id: str
    session_id: str
    lines: tuple[Line, ...]
    location: str
    ttl: int
    only: bool = False
    source: ClientSource | None = None
    replaces: str | None = None
    routing: Routing | None = None
    choices: tuple[Choice, ...] = ()


def needs_reserve(command: Reserve, state: State) -> list[Key]:
    """The rows that `reserve` reads."""
    keys, hold = found_hold(state, command.session_id)
    simple = command.routing is None and (hold is None or hold.parts is None)
    for line in command.lines:
        keys.append((Item, line.sku))
        keys.append((Level, (line.sku, command.location)))
        item = state.get(Item, line.sku)
        simple = simple and (item is None or item.bundle is None)
    if not simple:
        sold = [line.sku for line in command.lines]
        if hold is not None and hold.status is HELD and not command.only:
            sold += [line.sku for line in hold.lines]
        keys += needs_served(state, sold, command.location, command.routing)
    if hold is not None:
        keys.append((Checkout, hold.reservation_id))
        if hold.status is HELD:
            keys.append(needs_pending(hold))
    if command.source is not None:
        keys += needs_source(command.source, state)
    return keys


def reserve(state: State, command: Reserve) -> Answer:
    """Applies a `Reserve`."""
    present = state.hold(command.session_id)
    current = present if present is not None and present.status is HELD else None
    lines = by_sku(command.lines)
    own: Units = {} if current is None else {units.key: units for units in current.allocations}
    held = lines if current is None or command.only else by_sku(current.lines) | lines
    served = None
    if command.routing is not None and present is None and command.ttl >= 1:
        served = serve_line(state, lines, command.routing)
    allocated = (
        _allocations(state, command, present, lines, own, len(held))
        if served is None
        else served.allocations
    )
    if isinstance(allocated, Refused):
        return allocated
    if allocated is None:
        request = UnitsRequest(lines, command.location, command.routing, command.choices)
        result = serve(state, request, current, held, own)
        if isinstance(result, Refused):
            return result
        served, allocated = result, result.allocations
    if current is None:
        hold = _new_hold(state, command, allocated, held, served)
    else:
        hold = _changed(command, current, allocated, held, served)
    if current is not None or command.source is not None:
        refused = _refusal(state, command, present, hold, allocated, own)
        if refused is not None:
            return refused
    if current is None:
        state.put(SessionLink(command.session_id, hold.reservation_id))
        if present is not None and present.reservation_id == hold.reservation_id:
            state.put(hold)  # an earlier hold with the same id has ended
        else:
            state.add(hold)
    elif hold != current:
        state.put(hold)
    if hold.parts is not None or (current is not None and current.parts is not None):
        count_bundles(state, current, hold)
    if command.source is not None:
        remember_source(state, command.source, hold)
    if own:
        _release_units(state, command, hold, own)
    stock = _hold_units(state, command, hold, allocated, own, served)
    return Accepted(
        Reserved(
            hold.reservation_id,
            command.session_id,
            state.now,
            hold.expires_at,
            stock,
            state.revision,
            None if served is None else allocated,
            () if served is None else served.because,
        )
    )


def _refusal(
    state: State,
    command: Reserve,
    present: Reservation | None,
    hold: Reservation,
    allocated: tuple[Allocation, ...],
    own: Units,
) -> Refused | None:
    """The reason why the session's hold cannot become this one: its checkout, or the limits."""
    refused = None
    if present is not None and present.status is HELD and hold != present:
        refused = open_checkout(state, present)
    if refused is None and command.source is not None:
        own_id = None if present is None else present.reservation_id
        before = command.replaces
        refused = check_hold_limits(state, command.source, own_id, before, allocated, own)
    return refused


def _new_hold(
    state: State,
    command: Reserve,
    allocated: tuple[Allocation, ...],
    held: Lines,
    served: Served | None,
) -> Reservation:
    """A hold of these units. Its lines are stored only if they do not follow from the units."""
    simple = (
        len(allocated) == 1
        and command.lines[0].price is None
        and (served is None or not served.parts)
    )
    return Reservation(
        command.reservation_id,
        command.session_id,
        HELD,
        allocated,
        state.now,
        state.now + command.ttl,
        None,
        None,
        False,
        None if simple else sold_lines(held, allocated),
        None if served is None else served.parts or None,
        None if served is None else served.route,
    )


def _changed(
    command: Reserve,
    current: Reservation,
    allocated: tuple[Allocation, ...],
    held: Lines,
    served: Served | None,
) -> Reservation:
    """The session's live hold with these lines."""
    allocations = allocated
    if served is not None:
        return replace(
            current,
            allocations=allocated,
            sold_lines=sold_lines(held, allocated),
            parts=served.parts or None,
            route=current.route if allocated == current.allocations else served.route,
        )
    if not command.only:
        wanted = {units.key: units for units in allocated}
        skus = {units.sku for units in allocated}
        others = {
            units.key: units
            for units in current.allocations
            if units.sku not in skus or units.key in wanted
        }
        allocations = tuple((others | wanted).values())
    return replace(current, allocations=allocations, sold_lines=sold_lines(held, allocations))


def _hold_units(
    state: State,
    command: Reserve,
    hold: Reservation,
    allocated: tuple[Allocation, ...],
    own: Units,
    served: Served | None,
) -> tuple[MovedLine, ...]:
    """Books each allocation's change against the hold's earlier units; returns the stock then."""
    if served is not None and served.stock is not None and served.levels is not None:
        state.book_hold(hold, served.levels, command)
        return served.stock
    stock = []
    for units in allocated:
        sku, quantity, location = units.sku, units.quantity, units.location
        change = quantity - (own[sku, location].quantity if own and (sku, location) in own else 0)
        if change:
            level = state.book_movement(
                _RESERVED if change > 0 else Kind.RELEASED,
                sku,
                location,
                command,
                reserved=change,
                reservation=hold,
            )
        else:
            level = state.level(sku, location)
        stock.append((sku, quantity, level.on_hand, level.reserved, level.available))
    if served is None:
        return tuple(stock) if len(stock) == 1 else tuple(one_for_each_sku(stock))
    if served.stock is not None:
        return served.stock
    only = command.location if command.routing is None else None
    return stock_of_lines(state, by_sku(command.lines), only, hold)


def _release_units(state: State, command: Reserve, hold: Reservation, own: Units) -> None:
    """Books the earlier units that the hold no longer has."""
    present = {units.key for units in hold.allocations}
    for key, units in own.items():
        if key not in present:
            state.book_movement(
                Kind.RELEASED,
                units.sku,
                units.location,
                command,
                reserved=-units.quantity,
                reservation=hold,
            )


def _allocations(
    state: State,
    command: Reserve,
    present: Reservation | None,
    lines: Lines,
    own: Units,
    count: int,
) -> tuple[Allocation, ...] | Refused | None:
    """The units that serve the lines, or the refusal with every line that is at fault.

    None if `serve` has to find them: for bundles, and if several locations may serve them.
    `present` is the hold of the session, `own` its units, `count` the number of lines afterwards.
    """
    unknown: list[dict[str, str]] = []
    closed: list[Fault] = []
    short: list[Fault] = []
    odd: list[Fault] = []
    allocated: list[Allocation] = []
    location = command.location
    served_elsewhere = command.routing is not None or (
        present is not None and present.parts is not None and present.status is HELD
    )
    for sku, line in lines.items():
        item = state.get(Item, sku)
        if item is None or item.archived:
            unknown.append({"sku": sku})
            continue
        wanted = line.quantity
        if item.bundle is not None:
            served_elsewhere = True
            if present is None and count == 1 and wanted >= 1 and not item.sold_out:
                break  # `serve` reads the units
        mine = own[sku, location].quantity if own and (sku, location) in own else 0
        available = state.level(sku, location).available + mine
        if item.safety_stock:
            available = offered(available, safety_at(item.safety_stock, location))
        # The usual case; and what a hold has already is never refused.
        if (1 <= wanted <= available and not item.sold_out) or 1 <= wanted <= mine:
            allocated.append(Allocation(sku, wanted, location))
            continue
        fault: Fault = {"sku": sku, "requested": wanted, "available": max(0, available)}
        if wanted < 1:
            odd.append(fault)
        elif item.sold_out and not has_line(present, sku, wanted):
            closed.append(fault)
        else:
            short.append(fault)
    if unknown:
        return Refused(Code.UNKNOWN_ITEM, "No such product or size.", unknown)
    if present is not None and present.status is not HELD:
        refused = ended_session(command.session_id, present)
        if refused is not None:
            return refused
    if count > MAX_LINES:
        return Refused(Code.TOO_MANY_LINES, f"A hold can have at most {MAX_LINES} lines.")
    if closed or short or odd or command.ttl < 1:
        refused = faulty_lines(closed, () if served_elsewhere else short, odd, command.ttl)
        if refused is not None:
            return refused
    return None if served_elsewhere else tuple(allocated)
