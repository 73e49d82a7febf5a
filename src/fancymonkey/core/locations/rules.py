"""The commands of locations, each with its needs and its rule."""

from fancymonkey.core.command import AnswerReaders, Rules
from fancymonkey.core.locations import close, edit, routing_order
from fancymonkey.core.locations.answers import LocationChanged, RoutingRulesSet

RULES: Rules = {
    edit.AddLocation: (edit.needs_location, edit.add_location),
    edit.EditLocation: (edit.needs_location, edit.edit_location),
    close.CloseLocation: (close.needs_close, close.close_location),
    close.ReopenLocation: (close.needs_reopen, close.reopen_location),
    routing_order.SetRoutingRules: (
        routing_order.needs_routing_rules,
        routing_order.set_routing_rules,
    ),
}

ANSWERS: AnswerReaders = {
    edit.AddLocation: LocationChanged.restored,
    edit.EditLocation: LocationChanged.restored,
    close.CloseLocation: LocationChanged.restored,
    close.ReopenLocation: LocationChanged.restored,
    routing_order.SetRoutingRules: RoutingRulesSet.restored,
}
