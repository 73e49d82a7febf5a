"""The order of the routing rules, which the owner chooses: SetRoutingRules."""

import json
from collections.abc import Iterator

from fancymonkey.core.command import Command
from fancymonkey.core.documents.document import Document
from fancymonkey.core.immutable import dataclass
from fancymonkey.core.locations.answers import RoutingRulesSet
from fancymonkey.core.locations.locations import first_location
from fancymonkey.core.locations.routing import RoutingRule
from fancymonkey.core.model import Kind
from fancymonkey.core.outcomes import Accepted, Answer, Code, Refused
from fancymonkey.core.state import Key, State

ROUTING_RULES = ("routing", "rules")
"""The folder and the name of the document with the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRoutingRules(Command):
    """Stores the order of the routing rules. A rule that is left out does not count.

    Refused as `out_of_range` without a rule, or if one is named twice.
    """

    rules: tuple[RoutingRule, ...]


def needs_routing_rules(command: SetRoutingRules, state: State) -> Iterator[Key]:
    """The row that the rule reads."""
    yield Document, ROUTING_RULES


def set_routing_rules(state: State, command: SetRoutingRules) -> Answer:
    """Applies a `SetRoutingRules`."""
    rules = [str(rule) for rule in command.rules]
    if not rules or len(set(rules)) < len(rules):
        return Refused(Code.OUT_OF_RANGE, "Name at least one rule, and none twice.")
    stored = state.get(Document, ROUTING_RULES)
    version = 1 if stored is None else stored.version + 1
    state.put(Document(*ROUTING_RULES, version, state.now, json.dumps(rules)))
    reason = f"routing: {', '.join(rules)}"
    state.book_event(Kind.LOCATION_EDITED, "", first_location().key, command, reason=reason)
    return Accepted(RoutingRulesSet(tuple(rules), state.revision))


def read_rules(document: Document | None) -> tuple[RoutingRule, ...]:
    """The order in a document; the order of `RoutingRule` without one."""
    if document is None or not document.body:
        return tuple(RoutingRule)
    known = {str(rule): rule for rule in RoutingRule}
    return tuple(known[name] for name in json.loads(document.body) if name in known)
