"""The commands of stock levels, each with its needs and its rule."""

from fancymonkey.core.command import AnswerReaders, Rules
from fancymonkey.core.stock import adjust, move, safety_stock
from fancymonkey.core.stock.answers import StockAnswer

RULES: Rules = {
    adjust.Adjust: (adjust.needs_adjust, adjust.adjust),
    adjust.Count: (adjust.needs_adjust, adjust.count),
    adjust.Return: (adjust.needs_adjust, adjust.return_units),
    adjust.SetItem: (adjust.needs_adjust, adjust.set_item),
    move.MoveStock: (move.needs_move, move.move_stock),
    safety_stock.SetSafetyStock: (
        safety_stock.needs_safety_stock,
        safety_stock.set_safety_stock,
    ),
}

ANSWERS: AnswerReaders = dict.fromkeys(RULES, StockAnswer.restored)
