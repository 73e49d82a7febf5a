"""The commands of bundles, each with its needs and its rule."""

from fancymonkey.core.bundles import assemble, define
from fancymonkey.core.command import Rules

RULES: Rules = {
    define.SetBundle: (define.needs_bundle, define.set_bundle),
    assemble.Assemble: (assemble.needs_assemble, assemble.assemble),
}
