"""Pick lists and packing slips as PDF: any language, long tables, bar codes, hostile text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fancymonkey.pdf.files import packing_slips_pdf, pick_list_pdf
from fancymonkey.pdf.papers import PickList, PickRow, Slip, SlipRow
from fancymonkey.pdf.printable import REPLACEMENT, Printable
from tests.support.pdf_text import pdf_pages


def slip(number: int = 17, *, name: str = "Ada Lovelace", product: str = "HOODIE, M") -> Slip:
    return Slip(
        number=number,
        ordered_on="2026-11-30",
        sender=("Berlin", "Torstr. 1"),
        recipient=(name, "12 St James's Square", "SW1Y 4JH London", "GB"),
        rows=(SlipRow(2, product, "prod_hoodie_001/M", "part of THE SET"),),
        remarks=("In another parcel: 3 units.",),
    )


def test_a_slip_has_address_units_remarks_and_the_number_as_a_bar_code() -> None:
    body, replaced = packing_slips_pdf([slip()], "a4")
    (page,) = pdf_pages(body)
    for text in (
        *("Packing slip, order #17", "Ordered on 2026-11-30", "Torstr. 1", "Ada Lovelace"),
        *("12 St James's Square", "2", "HOODIE, M (part of THE SET)", "prod_hoodie_001/M"),
        *("In another parcel: 3 units.", "Page 1 of 1"),
    ):
        assert text in page.lines
    assert (page.bar_codes, replaced) == (["17"], 0)


@pytest.mark.parametrize("number", [1, 10, 42, 170, 1234, 98765, 1000000, 123456789012345])
def test_the_bar_code_is_the_number(number: int) -> None:
    (page,) = pdf_pages(packing_slips_pdf([slip(number)], "letter")[0])
    assert page.bar_codes == [str(number)]


def test_each_order_begins_on_its_own_page_and_pages_are_counted_by_order() -> None:
    many = Slip(2, "2026-11-30", (), (), tuple(SlipRow(1, "TEE", f"t/{n}") for n in range(100)))
    pages = pdf_pages(packing_slips_pdf([slip(1), many, slip(3)], "a4")[0])
    feet = [next(line for line in page.lines if line.startswith("Page ")) for page in pages]
    middle = [f"Page {n} of {len(pages) - 2}" for n in range(1, len(pages) - 1)]
    assert feet == ["Page 1 of 1", *middle, "Page 1 of 1"]
    assert len(middle) > 1
    skus = [line for page in pages for line in page.lines if line.startswith("t/")]
    assert skus == [f"t/{n}" for n in range(100)]
    assert all("Product" in page.lines for page in pages)


@pytest.mark.parametrize(
    "name", ["Łukasz Żółć", "Ólafur Þór", "Ивáн Петро́в", "Γιώργος", "Nguyễn Văn Ơ", "Հայկ", "€ ½ №"]
)
def test_letters_of_the_font_are_printed_as_they_are(name: str) -> None:
    body, replaced = packing_slips_pdf([slip(name=name)], "a4")
    (page,) = pdf_pages(body)
    assert any(line.startswith(name[:3]) for line in page.lines)
    assert replaced == 0
    assert REPLACEMENT not in page.text


@pytest.mark.parametrize(
    ("name", "printed", "script"),
    [
        ("東京 Ada", "□□ Ada", "CJK"),
        ("שלום", "□□□□", "Hebrew"),
        ("سلام", "□□□□", "Arabic"),
        ("ไทย", "□□□", "Thai"),
        ("한국", "□□", "Hangul"),
        ("Ada 🧶", "Ada □", "U+1F9F6"),
        ("😍", "□", "U+1F60D"),
    ],
)
def test_other_letters_are_replaced_and_named_at_the_foot(
    name: str, printed: str, script: str
) -> None:
    body, replaced = packing_slips_pdf([slip(name=name)], "a4")
    (page,) = pdf_pages(body)
    assert printed in page.lines
    assert replaced == printed.count(REPLACEMENT)
    assert any(script in line and "cannot print" in line for line in page.lines)


def test_the_note_is_only_on_the_pages_of_its_order() -> None:
    pages = pdf_pages(packing_slips_pdf([slip(1), slip(2, name="東"), slip(3)], "a4")[0])
    assert ["cannot print" in page.text for page in pages] == [False, True, False]


def test_a_pick_list_has_all_rows_and_orders_also_where_one_row_fills_pages() -> None:
    orders = ", ".join(f"#{number}\u00a0×\u00a02" for number in range(1, 1500))
    rows = (PickRow(3000, "HOODIE, M", "p/M", orders), PickRow(1, "TEE, S", "t/S", "#9"))
    pages = pdf_pages(pick_list_pdf([PickList("Pick list, Berlin: 3001 units", rows)], "a4")[0])
    assert len(pages) > 2
    lines = [line for page in pages for line in page.lines if line.startswith("#")]
    assert " ".join(lines) == f"{orders} #9".replace("\u00a0", " ")
    assert sum("3000" in page.lines for page in pages) == 1


def test_two_locations_have_pages_of_their_own() -> None:
    row = PickRow(1, "TEE, S", "t/S", "#9")
    pages = pdf_pages(
        pick_list_pdf([PickList("Berlin", (row,)), PickList("Rome", (row,))], "a4")[0]
    )
    assert [page.lines[0] for page in pages] == ["Berlin", "Rome"]


@pytest.mark.parametrize(
    "text",
    [
        *("a) Tj ET (b", "\\", "\\)", "(((", "%%EOF", "endstream endobj", "<b>&amp;</b>"),
        *(
            "<img src='http://127.0.0.1/x'/>",
            "\x00\x1b[31m",
            "a\nb\r\nc",
            "x" * 5000,
            "\u202egnp.exe",
        ),
    ],
)
def test_no_text_breaks_the_file(text: str) -> None:
    body, _ = packing_slips_pdf([slip(name=text, product=text), slip(18)], "a4")
    pages = pdf_pages(body)
    assert "Ada Lovelace" in pages[-1].lines
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    shown = "".join(pages[0].lines).replace(" ", "")
    assert plain.replace("\u202e", "").replace(" ", "")[:500] in shown


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60), st.integers(1, 10**9))
def test_any_text_makes_a_readable_file(name: str, product: str, number: int) -> None:
    body, replaced = packing_slips_pdf([slip(number, name=name, product=product)], "letter")
    pages = pdf_pages(body)
    assert pages[0].bar_codes == [str(number)]
    marks = sum(page.text.count(REPLACEMENT) for page in pages)
    assert marks >= replaced
    assert (replaced > 0) <= any("cannot print" in page.text for page in pages)


def test_a_long_text_ends_with_an_ellipsis() -> None:
    words = Printable({ord(char) for char in "x…"})
    assert words.text("x" * 3000).endswith("x…")
    assert words.replaced == {}


def test_the_same_papers_are_the_same_file() -> None:
    assert packing_slips_pdf([slip()], "a4") == packing_slips_pdf([slip()], "a4")
