"""The requirements of OWASP ASVS 5 at levels 1 and 2: for each a test, or the reason why it has
none.

The list is in asvs.txt, in our own words: id, level, requirement, then tests, or `-` and a reason.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).parent / "asvs.txt"
PAGE = ROOT / "docs" / "reference" / "security-requirements.md"
FILES = {
    "AT": "tests/accounts/test_attacks.py",
    "BP": "tests/browser/test_dashboard_users.py",
    "BS": "tests/browser/test_shop.py",
    "CF": "tests/cli/test_config.py",
    "CN": "tests/store/contract/test_conformance.py",
    "CO": "tests/web/http/test_cors.py",
    "DR": "tests/docs/test_reference.py",
    "FA": "tests/accounts/test_two_factor.py",
    "FZ": "tests/web/openapi/test_fuzz_document.py",
    "HA": "tests/accounts/test_hashes.py",
    "HB": "tests/web/http/test_hostile_bodies.py",
    "HR": "tests/web/http/test_hostile_requests.py",
    "KE": "tests/accounts/test_api_keys.py",
    "LI": "tests/web/shop_api/test_live.py",
    "MA": "tests/core/test_command_group.py",
    "OW": "tests/web/admin_api/test_changes.py",
    "PA": "tests/web/pages/test_pages.py",
    "PE": "tests/accounts/test_users.py",
    "PG": "tests/accounts/test_pages_guard.py",
    "PO": "tests/store/postgres/test_postgres.py",
    "PT": "tests/web/http/test_security_paths.py",
    "PY": "tests/payments/test_checkout.py",
    "RE": "tests/accounts/test_audit_log.py",
    "RO": "tests/accounts/test_routes_by_role.py",
    "SE": "tests/accounts/test_sessions.py",
    "SF": "tests/web/http/test_store_failures.py",
    "SH": "tests/web/http/test_security_headers.py",
    "SHE": "tests/spreadsheets/test_text.py",
    "SL": "tests/web/http/test_security_limits.py",
    "SO": "tests/security/test_source.py",
    "SS": "tests/web/shop_api/test_stripe_signature.py",
    "SV": "tests/cli/test_serve.py",
    "TH": "tests/web/auth/test_admin_throttle.py",
    "US": "tests/cli/test_user.py",
}
"""The short names of test files in the list."""


@dataclass(frozen=True)
class Requirement:
    """One row: its tests as (file, function), or the reason why there is none."""

    id: str
    level: str
    words: str
    tests: tuple[tuple[str, str], ...]
    reason: str


def requirements() -> list[Requirement]:
    """Every row, in order."""
    requirements = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        id_, level, words, how = line.split("|")
        reason = _long(how[1:]) if how.startswith("-") else ""
        tests = () if reason else tuple(_test(part) for part in how.split())
        requirements.append(Requirement(id_, level, words, tests, reason))
    return requirements


def _test(text: str) -> tuple[str, str]:
    short, _, function = text.partition(":")
    return FILES[short], function


def _long(reason: str) -> str:
    """A reason with the short names of files written out."""
    words = []
    for word in reason.split(" "):
        short, colon, function = word.partition(":test_")
        words.append(f"`{FILES[short]}::test_{function}`" if colon and short in FILES else word)
    return " ".join(words)


@cache
def functions(file: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def summary() -> str:
    """The number of rows with a test, and of rows with a reason."""
    rows = requirements()
    tested = sum(bool(row.tests) for row in rows)
    return (
        f"OWASP ASVS 5, levels 1 and 2 (and two of 3): {len(rows)} rows, {tested} with an "
        f"automatic test, {len(rows) - tested} with a written reason"
    )


def page() -> str:
    """The page about all of them, in Markdown."""
    lines = [
        "# Security requirements",
        "",
        "The requirements of the OWASP Application Security Verification Standard 5 at levels 1",
        "and 2, with two of level 3, and without the chapters on OAuth and WebRTC, which do not",
        "apply. Each row has a summary in our own words (the standard has the full text), and a",
        "test, which CI runs, or the reason why there is none.",
        "",
        f"{summary()}.",
        "",
        "<!-- Made by scripts/security_requirements.py from tests/security/asvs.txt. -->",
        "",
        "| row | level | wanted | shown by |",
        "|---|---|---|---|",
    ]
    for row in requirements():
        tests = ", ".join(f"`{file}::{name}`" for file, name in row.tests)
        lines.append(f"| {row.id} | {row.level} | {row.words} | {tests or row.reason} |")
    return "\n".join(lines) + "\n"
