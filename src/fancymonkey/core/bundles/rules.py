"""The commands of bundles, each with its needs and its rule."""

from fancymonkey.core.bundles import assemble, define
from fancymonkey.core.catalogue.answers import SizeChanged
from fancymonkey.core.command import AnswerReaders, Rules
from fancymonkey.core.stock.answers import StockAnswer

RULES: Rules = {
    define.SetBundle: (define.needs_bundle, define.set_bundle),
    assemble.Assemble: (assemble.needs_assemble, assemble.assemble),
}

ANSWERS: AnswerReaders = {
    define.SetBundle: SizeChanged.restored,
    assemble.Assemble: StockAnswer.restored,
}
