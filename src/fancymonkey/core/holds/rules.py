"""The commands of holds, each with its needs and its rule."""

from fancymonkey.core.command import AnswerReaders, Rules
from fancymonkey.core.holds import attach, end, reserve, set_reserved
from fancymonkey.core.holds.ended import Captured, Expired, Released, ReservedSet
from fancymonkey.core.holds.reserved import Reserved

RULES: Rules = {
    reserve.Reserve: (reserve.needs_reserve, reserve.reserve),
    attach.Attach: (attach.needs_attach, attach.attach),
    set_reserved.SetReserved: (set_reserved.needs_set_reserved, set_reserved.set_reserved),
    end.Release: (end.needs_ref, end.release),
    end.Expire: (lambda command, state: iter(()), end.expire),
}

ANSWERS: AnswerReaders = {
    reserve.Reserve: Reserved.restored,
    attach.Attach: attach.Attached.restored,
    set_reserved.SetReserved: ReservedSet.restored,
    end.Release: Released.restored,
    end.Capture: Captured.restored,
    end.Expire: Expired.restored,
}
