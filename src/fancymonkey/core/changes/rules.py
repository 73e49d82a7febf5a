"""The commands of the undo of change sets, each with its needs and its rule."""

from fancymonkey.core.changes import undo
from fancymonkey.core.command import Rules

RULES: Rules = {
    undo.Undo: (undo.needs_undo, undo.undo),
}
