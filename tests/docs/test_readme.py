"""The README is short, its figures are true, and it links to every part."""

import gzip
import re

from tests.docs.pages import ROOT, read

BYTES = 6_500
SCRIPT = ROOT / "src" / "fancymonkey" / "storefront" / "fancymonkey.js"
LEADS_TO = {
    *("docs/how-to/first-requests.md", "docs/tutorial.md", "docs/reference/http.md"),
    *("docs/reference/settings.md", "docs/where-is-what.md", "docs/architecture.md"),
    *("docs/how-to-add.md", "docs/glossary.md", "docs/decisions/index.md", "docs/index.md"),
    *("docs/how-to/sell-with-stripe.md", "docs/how-to/deploy.md", "docs/security.md"),
    *("docs/how-to/back-up-and-restore.md", "docs/reference/doctor.md", "CONTRIBUTING.md"),
}


def test_it_is_short() -> None:
    assert len(read("README.md").text.encode()) <= BYTES


def test_it_leads_to_the_page_of_every_question() -> None:
    assert set(read("README.md").links) >= LEADS_TO


def test_its_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"\bmake ([a-z-]+)\b", read("README.md").text))
    assert {"run", "test"} <= named
    assert named <= targets


def test_the_size_of_the_script_is_true() -> None:
    match = re.search(r"of (\d+) KB, (\d+) KB compressed", read("README.md").text)
    assert match is not None
    content = SCRIPT.read_bytes()
    sizes = (len(content), len(gzip.compress(content)))
    assert (int(match[1]), int(match[2])) == tuple(round(size / 1024) for size in sizes)


def test_contributing_lists_every_folder_of_tests() -> None:
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")}
    listed = re.findall(r"^\| `tests/(\w+)` \|", read("CONTRIBUTING.md").text, re.M)
    assert len(listed) == len(set(listed))
    assert set(listed) == folders
