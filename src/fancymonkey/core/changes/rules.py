"""The commands of the undo of change sets, each with its needs and its rule."""

from fancymonkey.core.changes import undo
from fancymonkey.core.changes.answers import UndoAnswer
from fancymonkey.core.command import AnswerReaders, Rules

RULES: Rules = {
    undo.Undo: (undo.needs_undo, undo.undo),
}

ANSWERS: AnswerReaders = {undo.Undo: UndoAnswer.restored}
