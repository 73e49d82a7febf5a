"""Lists the parts of the service (dist/sbom.json) and looks up their known vulnerabilities.

The exit code is 1 if a part has a known vulnerability, or if REQUIRE_AUDIT=1 and some parts could
not be looked up: without access to the index the tool finds nothing.
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
    """Writes the bill of materials; returns the number of its parts."""
    SBOM.parent.mkdir(exist_ok=True)
    command: list[str | Path] = [
        BIN / "cyclonedx-py",
        "requirements",
        PINNED,
        "--of",
        "JSON",
        "-o",
        SBOM,
    ]
    subprocess.run(command, check=True, capture_output=True)
    components: list[Any] = json.loads(SBOM.read_text())["components"]
    return len(components)


def vulnerabilities() -> tuple[list[str], list[str]]:
    """The known vulnerabilities, one a line, and the parts that could not be looked up."""
    command: list[str | Path] = [
        BIN / "pip-audit",
        "-r",
        PINNED,
        "--disable-pip",
        "--no-deps",
        "-f",
        "json",
    ]
    done = subprocess.run(
        [*command, "--progress-spinner", "off"], check=False, capture_output=True, text=True
    )
    if not done.stdout.strip():
        return [], [done.stderr.strip().splitlines()[-1] if done.stderr else "no answer"]
    rows = json.loads(done.stdout)["dependencies"]
    known = [
        f"{row['name']} {row['version']}: {gap['id']}, fixed in {gap['fix_versions']}"
        for row in rows
        for gap in row.get("vulns", [])
    ]
    return known, [row["name"] for row in rows if "skip_reason" in row]


def main() -> int:
    """Prints the findings."""
    print(f"{SBOM}: {parts()} parts.")
    known, unknown = vulnerabilities()
    for line in known:
        print(f"known vulnerability: {line}")
    if unknown:
        print(
            f"NOT AUDITED, because the index could not be reached: {', '.join(unknown)}. Run "
            "`make audit` where the network allows it."
        )
    elif not known:
        print("No part has a known vulnerability.")
    return 1 if known or (unknown and os.environ.get("REQUIRE_AUDIT") == "1") else 0


if __name__ == "__main__":
    sys.exit(main())
