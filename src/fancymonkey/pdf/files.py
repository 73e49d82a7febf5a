"""Pick lists and packing slips as PDF files."""

from collections.abc import Sequence

from fancymonkey.pdf.draw import draw, glyphs, measure
from fancymonkey.pdf.layout import MM, Layout, TableColumn
from fancymonkey.pdf.papers import PickList, Slip, SlipRow
from fancymonkey.pdf.printable import REPLACEMENT, Printable
from fancymonkey.text import joined

SCRIPTS_NAMED = 5


def pick_list_pdf(lists: Sequence[PickList], paper: str) -> tuple[bytes, int]:
    """The pick lists as a file, each on its own pages; and the number of replaced characters."""
    layout = Layout(paper, measure)
    replaced = 0
    columns = (
        TableColumn("", 0.05, 12),
        TableColumn("Units", 0.1, 13, bold=True),
        TableColumn("Product", 0.36),
        TableColumn("SKU", 0.26, 9),
        TableColumn("Orders", 0.23, 9),
    )
    for pick_list in lists:
        layout.begin()
        words = Printable(glyphs())
        layout.line(words.text(pick_list.title), 16, bold=True)
        layout.gap()
        layout.table(
            columns,
            [
                ("", str(row.units), words.text(row.product), words.text(row.sku), row.orders)
                for row in pick_list.rows
            ],
        )
        replaced += _add_note(layout, words)
    return draw(layout, "Pick list"), replaced


def packing_slips_pdf(slips: Sequence[Slip], paper: str) -> tuple[bytes, int]:
    """The packing slips as a file, each on its own pages; and the number of replaced characters."""
    layout = Layout(paper, measure)
    replaced = 0
    columns = (
        TableColumn("Units", 0.12, 13, bold=True),
        TableColumn("Product", 0.53),
        TableColumn("SKU", 0.35, 9),
    )
    for slip in slips:
        layout.begin()
        words = Printable(glyphs())
        layout.bar_code(str(slip.number), 12 * MM)
        layout.line(f"Packing slip, order #{slip.number}", 16, bold=True, share=0.6)
        layout.line(f"Ordered on {slip.ordered_on}", share=0.6)
        for text in slip.sender:
            layout.line(words.text(text), 9, share=0.6)
        layout.gap(8 * MM)
        for text in slip.recipient:
            layout.line(words.text(text), 12, share=0.7)
        layout.gap(8 * MM)
        layout.table(columns, [_slip_cells(row, words) for row in slip.rows])
        layout.gap()
        for text in slip.remarks:
            layout.line(words.text(text))
        replaced += _add_note(layout, words)
    return draw(layout, "Packing slips"), replaced


def _slip_cells(row: SlipRow, words: Printable) -> tuple[str, str, str]:
    product = f"{row.product} ({row.note})" if row.note else row.product
    return str(row.units), words.text(product), words.text(row.sku)


def _add_note(layout: Layout, words: Printable) -> int:
    """Adds a note about replaced characters to the document. Returns their number."""
    if not words.replaced:
        return 0
    scripts = sorted(words.replaced)
    named = scripts[:SCRIPTS_NAMED] + ["others"] * (len(scripts) > SCRIPTS_NAMED)
    layout.note(
        f"{REPLACEMENT} stands for a character that this document cannot print "
        f"({joined(named)}). The page Orders shows it."
    )
    return sum(words.replaced.values())
