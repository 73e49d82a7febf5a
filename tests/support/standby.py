"""A second PostgreSQL that follows a first one, and takes its place when asked."""

import subprocess
from pathlib import Path

from tests.support.postgres import SUPERUSER, PostgresServer
from tests.support.postgres_binaries import run_as

PRIMARY = {"synchronous_standby_names": "ANY 1 (*)", "wal_level": "replica", "max_wal_senders": 4}
"""Settings with which a primary confirms a commit only when its standby has it."""


class Standby(PostgresServer):
    """A copy of a running primary, which it follows from its start on."""

    def __init__(self, primary: PostgresServer, **settings: object) -> None:
        self._primary = primary
        super().__init__(**settings)

    def _make_cluster(self) -> None:
        source = f"host={self._primary.host} port={self._primary.port} user={SUPERUSER}"
        made = subprocess.run(
            [
                *(self.binaries / "pg_basebackup", "-D", self.cluster, "-d", source),
                *("-R", "-X", "stream", "-c", "fast", "--no-sync"),
            ],
            cwd=self.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **run_as(self.user),  # type: ignore[call-overload]
        )
        if made.returncode != 0:
            raise RuntimeError(f"pg_basebackup failed:\n{made.stdout.decode(errors='replace')}")

    def promote(self) -> None:
        """Makes it the primary; returns when it takes writes."""
        self.execute("SELECT pg_promote(true, 60)")


def both(primary: PostgresServer, standby: PostgresServer, url: str) -> str:
    """The URL of the present primary of the two."""
    name = Path(url).name
    places = f"{primary.host}:{primary.port},{standby.host}:{standby.port}"
    return f"postgresql://{SUPERUSER}@{places}/{name}?target_session_attrs=primary"
