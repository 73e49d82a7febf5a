"""The commands of holds, each with its needs and its rule."""

from fancymonkey.core.command import Rules
from fancymonkey.core.holds import end, reserve

RULES: Rules = {
    reserve.Reserve: (reserve.needs_reserve, reserve.reserve),
    reserve.Attach: (reserve.needs_attach, reserve.attach),
    end.Release: (end.needs_ref, end.release),
    end.Expire: (lambda command, state: iter(()), end.expire),
}
