"""The index of decisions has every page, under its title, with the status that the page gives."""

import re
from collections.abc import Iterator

from tests.docs.pages import Page, pages, read

_ROW = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| (.+?) \| (.+?) \|$", re.M)
_TITLE = re.compile(r"# (\d{4}) (.+)")
_STATUS = re.compile(r"^\*Status: (.+?)\.(?: |\*$)", re.M)
STATUSES = re.compile(
    r"accepted(, being carried out)?|(amended|superseded) by \[(\d{4})\]\(\d{4}-[a-z-]+\.md\)"
)


def decisions() -> dict[str, Page]:
    """Every page of a decision, by its number."""
    return {
        page.path.name[:4]: page
        for page in pages()
        if page.path.parent.name == "decisions" and page.path.name != "index.md"
    }


def index() -> list[tuple[str, str, str, str]]:
    """Number, file, title and status of every row of the index."""
    return _ROW.findall(read("docs/decisions/index.md").text)


def test_every_decision_is_listed_once_with_its_title() -> None:
    titles = {}
    for number, page in decisions().items():
        match = _TITLE.match(page.text)
        assert match is not None, page.name
        assert match[1] == number, page.name
        titles[number] = match[2]
    rows = index()
    assert sorted(row[0] for row in rows) == sorted(titles)
    assert {row[0]: row[2] for row in rows} == titles


def test_rows_link_to_the_page_of_their_number() -> None:
    pages_by_number = decisions()
    assert [row[:2] for row in index() if row[1] != pages_by_number[row[0]].path.name] == []


def complaints() -> Iterator[str]:
    """Decisions whose status in the index is not valid, or is not the one on their page."""
    everything = decisions()
    for number, _, _, status in index():
        valid = STATUSES.fullmatch(status)
        if valid is None:
            yield f"{number}: {status!r} is not a valid status"
            continue
        on_page = _STATUS.search(everything[number].text)
        given = on_page[1] if on_page else "accepted"
        if given != status:
            yield f"{number}: {status!r} in the index, {given!r} on the page"
        later = valid[3]
        if later is not None and (later not in everything or later <= number):
            yield f"{number}: {later} is not a later decision"


def test_the_status_of_a_decision_is_on_its_page() -> None:
    assert list(complaints()) == []
    kinds = [row[3].split()[0].strip(",") for row in index()]
    assert {"accepted", "amended", "superseded"} == set(kinds)


def test_titles_have_no_clause_in_place_of_a_noun() -> None:
    wrong = [row[2] for row in index() if re.match(r"(What|Who|Whoever|Where|When|That)\b", row[2])]
    assert wrong == []
