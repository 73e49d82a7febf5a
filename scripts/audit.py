"""Lists the parts of the service (dist/sbom.json) and looks up their known vulnerabilities.

Exit code 1 where a part has a known hole, or where REQUIRE_AUDIT=1 and some could not be asked
after: a network that hides the index makes the tool find nothing, which is not the same as none.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PINNED = "requirements/run.txt"
SBOM = Path("dist/sbom.json")
BIN = Path(sys.executable).parent


def parts() -> int:
    """Writes the bill of materials; how many parts it has."""
    SBOM.parent.mkdir(exist_ok=True)
    command = [BIN / "cyclonedx-py", "requirements", PINNED, "--of", "JSON", "-o", SBOM]
    subprocess.run(command, check=True, capture_output=True)
    components: list[Any] = json.loads(SBOM.read_text())["components"]
    return len(components)


def holes() -> tuple[list[str], list[str]]:
    """The known vulnerabilities, one a line, and the parts that could not be looked up."""
    command = [BIN / "pip-audit", "-r", PINNED, "--disable-pip", "--no-deps", "-f", "json"]
    done = subprocess.run(
        [*command, "--progress-spinner", "off"], check=False, capture_output=True, text=True
    )
    if not done.stdout.strip():
        return [], [done.stderr.strip().splitlines()[-1] if done.stderr else "no answer"]
    rows = json.loads(done.stdout)["dependencies"]
    known = [
        f"{row['name']} {row['version']}: {hole['id']}, mended in {hole['fix_versions']}"
        for row in rows
        for hole in row.get("vulns", [])
    ]
    return known, [row["name"] for row in rows if "skip_reason" in row]


def main() -> int:
    """Says what was found."""
    print(f"{SBOM}: {parts()} parts.")
    known, unasked = holes()
    for line in known:
        print(f"known hole: {line}")
    if unasked:
        print(
            f"NOT AUDITED, because the index could not be asked: {', '.join(unasked)}. Run "
            "`make audit` where the network allows it."
        )
    elif not known:
        print("No part has a known hole.")
    return 1 if known or (unasked and os.environ.get("REQUIRE_AUDIT") == "1") else 0


if __name__ == "__main__":
    sys.exit(main())
