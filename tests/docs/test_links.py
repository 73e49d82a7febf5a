"""Every link has a target."""

from pathlib import Path

import pytest

from tests.docs.pages import Page, pages, read

PAGES = {page.name: page for page in pages()}


def broken_links(page: Page) -> list[str]:
    """The links of a page within the project without a target."""
    return [link for link in page.links if "://" not in link and not _leads_somewhere(page, link)]


def _leads_somewhere(page: Page, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.path.parent / path).resolve() if path else page.path
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in _page(target).anchors)


def _page(path: Path) -> Page:
    return Page(path, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_links_resolve(name: str) -> None:
    assert broken_links(PAGES[name]) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), ["README.md"]
    while waiting:
        name = waiting.pop()
        if name in PAGES and name not in seen:
            seen.add(name)
            links = (link.partition("#")[0] for link in PAGES[name].links)
            targets = ((PAGES[name].path.parent / link).resolve() for link in links if link)
            root = read("README.md").path.parent.resolve()
            waiting += [str(path.relative_to(root)) for path in targets if root in path.parents]
    assert sorted(PAGES.keys() - seen) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# One heading\n")
    page = Page(
        tmp_path / "page.md",
        "[a](other.md) [b](other.md#one-heading) [c](other.md#two) [d](gone.md)\n"
        '<img src="gone.svg"> [e](https://example.org/x)\n'
        "```text\n[f](not-a-link.md)\n```\n",
    )
    assert broken_links(page) == ["other.md#two", "gone.md", "gone.svg"]
