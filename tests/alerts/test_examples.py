"""The documented code that verifies a signature accepts our signatures and no others."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fancymonkey.alerts.events import WEBHOOKS
from fancymonkey.alerts.signing import sign
from fancymonkey.settings.event_names import ALERTS, EventName

PAGE = Path("docs/how-to/send-webhooks.md").read_text("utf-8")
BODY = '{"title":"Ünïcode, 4 left"}'.encode()
NOW = int(time.time())
CASES = [
    (BODY, sign(BODY, NOW, ["whsec_a"]), "whsec_a", True),
    (BODY, sign(BODY, NOW, ["whsec_new", "whsec_a"]), "whsec_a", True),
    (BODY, sign(BODY, NOW, ["whsec_b"]), "whsec_a", False),
    (BODY + b" ", sign(BODY, NOW, ["whsec_a"]), "whsec_a", False),
    (BODY, sign(BODY, NOW - 301, ["whsec_a"]), "whsec_a", False),
    (BODY, sign(BODY, NOW, ["whsec_a"]).replace("t=", "t=1"), "whsec_a", False),
    (BODY, "", "whsec_a", False),
    (BODY, "t=,v1=", "whsec_a", False),
    (BODY, f"t={NOW},v1=zz,v1", "whsec_a", False),
]


def example(language: str) -> str:
    (example,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(example)


def test_python() -> None:
    names: dict[str, Callable[[bytes, str, str], bool]] = {}
    exec(example("python"), names)
    for body, header, secret, good in CASES:
        assert names["is_genuine"](body, header, secret) is good, header


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node")
def test_javascript(tmp_path: Path) -> None:
    (tmp_path / "check.mjs").write_text(example("js"))
    calls = "".join(
        f"console.log(isGenuine(Buffer.from('{body.hex()}', 'hex'), {header!r}, {secret!r}));\n"
        for body, header, secret, _ in CASES
    )
    run = tmp_path / "run.mjs"
    run.write_text(f"import {{ isGenuine }} from './check.mjs';\n{calls}")
    done = subprocess.run(["node", str(run)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(good).lower() for *_, good in CASES]


def test_the_reference_has_every_type_and_no_other() -> None:
    page = Path("docs/reference/webhooks.md").read_text("utf-8")
    section = page.partition("## Types")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)) == {*WEBHOOKS, EventName.PING}
    page = Path("docs/how-to/get-alerts.md").read_text("utf-8")
    section = page.partition("## Events")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|([^|]+)\|", section, re.MULTILINE)
    assert {name for row in rows[1:] for name in re.findall(r"`([^`]+)`", row)} == set(ALERTS)
