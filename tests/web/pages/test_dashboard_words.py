"""The dashboard has a text for every code that the service sends to it."""

import ast
import re

import pytest

from fancymonkey.accounts.model import Right, Role
from fancymonkey.alerts import event_texts, outbox
from fancymonkey.alerts.events import EVENT_TYPES, WEBHOOKS
from fancymonkey.core.model import Kind, Status
from fancymonkey.core.orders.rows import OrderStatus
from fancymonkey.core.outcomes import Code
from fancymonkey.core.payments.issue_titles import ISSUE_TITLES
from fancymonkey.core.payments.rows import FACTS, IssueKind, IssueStatus
from fancymonkey.core.stock.status import STATUSES
from fancymonkey.web.pages.dashboard import FILES
from tests.architecture.source import modules

NOT_POSTED = {
    Kind.ORDERED,
    Kind.ORDER_CLOSED,
}
"""Kinds of entries that no rule makes yet."""


def literal(file: str, name: str) -> str:
    """The text between the brackets of a constant of a script."""
    script = (FILES / file).read_text("utf-8")
    match = re.search(rf"^(?:export )?const {name} = ([\[{{].*?[\]}}]);", script, re.M | re.S)
    assert match is not None, f"{file} has no {name}"
    return match[1]


def words(file: str, name: str) -> dict[str, str]:
    """The keys of an object of a script, each with the first text of its value."""
    key = r"(?:^|[{,])\s*\"?([\w. ]+?)\"?: \[?(?:\"\w*\", )?\"([^\"]*)\""
    return dict(re.findall(key, literal(file, name), re.M))


def posted_kinds() -> set[str]:
    """The kinds of entries that a rule makes."""
    named = {kind.name: kind for kind in Kind}
    kinds: set[str] = set()
    for module in modules(below="fancymonkey/core"):
        for node in module.nodes:
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "Kind"
            ):
                kinds.add(named[node.attr])
    return kinds


def outcomes_of_events() -> set[str]:
    """The possible outcomes of an event of Stripe: literals of the core, and its refusals."""
    results = {"ignored", "done", "no change"}
    for module in modules(below="fancymonkey/core"):
        results |= set(re.findall(r'(?:PaymentNews\(|\boutcome ?= ?)"([\w ]+)"', module.text))
    return results | {Code.UNKNOWN_SESSION, Code.PAYMENT_PENDING}


PLACES = ("fancymonkey/jobs", "fancymonkey/payments", "fancymonkey/services")


def outcomes_of_jobs() -> set[str]:
    """The possible outcomes of a run of a job."""
    results = {"failed"}
    for module in (m for folder in PLACES for m in modules(below=folder)):
        results |= set(re.findall(r'JobResult\(\s*"(\w+)"', module.text))
        for node in module.nodes:
            if isinstance(node, ast.FunctionDef) and node.name == "outcome":
                texts = [
                    constant.value
                    for constant in ast.walk(node)
                    if isinstance(constant, ast.Constant)
                ]
                results |= {text for text in texts if isinstance(text, str) and " " not in text}
    return results


STATES = {outbox.WAITING, outbox.DONE, outbox.FAILED, outbox.DROPPED}


@pytest.mark.parametrize(
    ("file", "name", "codes"),
    [
        ("forms/webhook-dialogs.js", "WORDS", set(WEBHOOKS)),
        ("components/payment-issues.js", "CONCERNS", set(IssueKind)),
        ("components/payment-issues.js", "PROGRESS", set(IssueStatus) - {IssueStatus.OPEN}),
        ("pages/alerts.js", "LOOKS", {kind.look for kind in EVENT_TYPES.values() if kind.look}),
        ("pages/alerts.js", "STATES", STATES),
        ("pages/holds.js", "WORDS", set(Status)),
        ("pages/orders.js", "WORDS", set(OrderStatus)),
        ("pages/orders.js", "BADGE", set(OrderStatus)),
        ("pages/holds.js", "BADGE", set(Status)),
        ("components/movement-chart.js", "KINDS", set(Kind) - NOT_POSTED),
        ("stock/stock-store.js", "STATUS", set(STATUSES)),
        ("components/command-palette.js", "WORDS", set(STATUSES)),
        ("pages/users.js", "ROLES", set(Role)),
        ("pages/users.js", "MAY", set(Right)),
        ("pages/payments.js", "OUTCOMES", outcomes_of_events()),
        ("lib/data-page.js", "RUNS", outcomes_of_jobs()),
    ],
)
def test_every_code_has_words_and_no_words_are_left_over(
    file: str, name: str, codes: set[str]
) -> None:
    assert sorted(words(file, name)) == sorted(map(str, codes))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("forms/webhook-dialogs.js", "WORDS"),
        ("components/payment-issues.js", "CONCERNS"),
        ("pages/payments.js", "OUTCOMES"),
    ],
)
def test_words_are_no_codes(file: str, name: str) -> None:
    for code, text in words(file, name).items():
        assert text, code
        assert "_" not in text, code
        assert text[0].isupper(), code


def test_a_rule_makes_every_kind_that_has_words() -> None:
    assert posted_kinds() & set(Kind) >= set(words("components/movement-chart.js", "KINDS"))


def test_every_issue_has_a_title_and_a_text_for_the_mail() -> None:
    assert ISSUE_TITLES.keys() == event_texts.ISSUE_TEXTS.keys() == set(IssueKind)
    for script in (
        "components/payment-issues.js",
        "pages/overview.js",
    ):  # the page has no titles of its own
        text = (FILES / script).read_text("utf-8")
        assert "issue.title" in text
        assert not [title for title in ISSUE_TITLES.values() if f'"{title}"' in text]


def test_the_page_shows_the_facts_of_the_issues_that_have_some() -> None:
    assert re.findall(r'"(\w+)"', literal("components/payment-issues.js", "FACTS")) == [
        str(kind) for kind in FACTS
    ]


def refusals() -> list[tuple[str, ast.expr]]:
    """Each `Refused(Code.…, message)` and `Problem(status, code, message)`: place and message."""
    places: list[tuple[str, ast.expr]] = []
    for module in modules():
        for node in module.nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            place = {"Refused": 1, "Problem": 2}.get(node.func.id)
            if place is not None and len(node.args) > place:
                places.append((f"{module.name}:{node.lineno}", node.args[place]))
    return places


def test_a_refusal_has_a_sentence_which_the_page_shows() -> None:
    texts: list[str] = []
    for place, message in refusals():
        parts = message.values if isinstance(message, ast.JoinedStr) else [message]
        ends = [part for part in (parts[0], parts[-1]) if isinstance(part, ast.Constant)]
        for part in ends:
            assert isinstance(part.value, str), place
            assert part.value.strip(), place
        if isinstance(parts[-1], ast.Constant):
            assert str(parts[-1].value).endswith((".", "!", "?")), place
            texts.append(str(parts[-1].value))
    assert len(texts) > 100


def test_every_refusal_code_is_given_with_a_message() -> None:
    used = {
        name.attr
        for module in modules()
        for node in module.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Refused"
        and len(node.args) > 1
        for name in ast.walk(node.args[0])
        if isinstance(name, ast.Attribute)
    }
    assert used == {code.name for code in Code}
