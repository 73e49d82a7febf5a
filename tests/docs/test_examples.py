"""The examples of the documentation have the documented results."""

from pathlib import Path
from typing import Any

import pytest

from tests.docs.examples import (
    difference,
    json_difference,
    run_page,
    runnable,
    server_variables,
    starts_server,
)
from tests.docs.pages import Block, Page, pages
from tests.support.server import Server

NOWHERE = "127.0.0.1:1"
RUNNABLE = {page.name: page for page in pages() if runnable(page)}


ON_POSTGRES = [
    name
    for name, page in RUNNABLE.items()
    if server_variables(page).get("DATABASE_URL", "").startswith("postgresql:")
]
WITHOUT_SERVER = [name for name, page in RUNNABLE.items() if not starts_server(page)]

ON_FILES = [name for name in RUNNABLE if name not in (*ON_POSTGRES, *WITHOUT_SERVER)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_FILES)
def test_examples_of(name: str, tmp_path: Path) -> None:
    page = RUNNABLE[name]
    variables = server_variables(page)
    with Server(data=tmp_path / "data", env=variables, arguments=["--init"]) as server:
        run_page(page, tmp_path, f"{server.host}:{server.port}")


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT_SERVER)
def test_examples_without_a_server_of(name: str, tmp_path: Path) -> None:
    run_page(RUNNABLE[name], tmp_path, NOWHERE)


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_POSTGRES)
def test_examples_on_postgres_of(name: str, tmp_path: Path, postgres_url: str) -> None:
    page = RUNNABLE[name]
    variables = server_variables(page) | {"DATABASE_URL": postgres_url}
    workers = int(variables.pop("WORKERS", "1"))
    with Server(
        database_url=postgres_url, env=variables, workers=workers, arguments=["--init"]
    ) as server:
        run_page(page, tmp_path, f"{server.host}:{server.port}")


def test_the_readme_the_first_requests_and_the_tutorial_are_run() -> None:
    assert {"README.md", "docs/how-to/first-requests.md", "docs/tutorial.md"} <= RUNNABLE.keys()


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "…": "…"}, {"a": 1, "b": 2}, True),
        ({"a": 1, "…": "…"}, {"b": 2}, False),
        ({"a": "…"}, {"a": [1, 2]}, True),
        ({"id": "res_…"}, {"id": "res_12"}, True),
        ({"id": "res_…"}, {"id": "hold_12"}, False),
        ([1, "…"], [1, 2, 3], True),
        ([1, "…"], [2], False),
        ([1], [1, 2], False),
        ([1, 2], [1], False),
        (58, 58.0, False),
    ],
)
def test_answers_in_a_document_match_with_ellipses(shown: Any, real: Any, same: bool) -> None:
    assert (json_difference(shown, real) is None) is same


def test_text_answers_are_compared_too() -> None:
    shown = Block(("text", "answer"), "M: … on hand\n", 1)
    assert difference(shown, "M: 20 on hand\n") is None
    assert difference(shown, "M: 20 reserved\n") is not None


def _page(tmp_path: Path, text: str) -> Page:
    return Page(Path(__file__).parents[2] / "docs" / "made-up.md", text)


def test_blocks_share_one_shell(tmp_path: Path) -> None:
    text = "```bash run\nword=hi\n```\n```bash run\necho $word\n```\n```text answer\nhi\n```\n"
    run_page(_page(tmp_path, text), tmp_path, NOWHERE)


@pytest.mark.parametrize(
    "text",
    [
        "```bash run\nfalse\n```\n",
        "```bash run\nfalse\necho done\n```\n```text answer\ndone\n```\n",
        "```bash run\necho 1\n```\n```text answer\n2\n```\n",
        "```bash run\necho '{\"a\": 1}'\n```\n```json answer\n{}\n```\n",
        "```bash run\necho x\n```\n```json answer\n{}\n```\n",
        "```bash run\ncurl -sf http://127.0.0.1:8000/healthz\n```\n",
    ],
)
def test_an_example_that_is_wrong_is_found(text: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_page(_page(tmp_path, text), tmp_path, NOWHERE)


def test_variables_of_the_server_are_read_from_the_page(tmp_path: Path) -> None:
    page = _page(tmp_path, "```bash server\nA_B=1 CORS='x y' make run NOT=this\n```\n")
    assert server_variables(page) == {"A_B": "1", "CORS": "x y"}
