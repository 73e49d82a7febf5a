"""`fancymonkey backup` and `fancymonkey restore`."""

from pathlib import Path
from typing import Any

import click

from fancymonkey.backup.create import FinishedBackup, make
from fancymonkey.backup.restore import Restored
from fancymonkey.backup.restore import restore as put_back
from fancymonkey.commands.common import (
    data_option,
    emit,
    json_option,
    progress,
    run,
    store_target,
)
from fancymonkey.commands.store.verify import as_data, in_words
from fancymonkey.engine.clock import system_clock
from fancymonkey.settings.settings import without_password


@click.command()
@click.option("--to", "to", metavar="PATH", required=True, help="A new file, or a directory.")
@data_option
@click.option(
    "--portable", is_flag=True, help="Rows and ledger as JSON lines, for every kind of store."
)
@json_option
def backup(to: str, data: str | None, portable: bool, as_json: bool) -> None:
    """Save a store to one file, while it is in use.

    The file is read back and its content is verified before it gets its name.
    Exit code 1 if something does not add up.
    """
    target, started = store_target(data), system_clock()
    with progress("Verifying", hidden=as_json) as show:
        made = run(make(target, Path(to), started, portable=portable, progress=show))
    took = system_clock() - started
    if as_json:
        emit(_made_data(made, took))
    else:
        click.echo(_made_words(made, without_password(target), took))
    if made.verification is not None and not made.verification.clean:
        raise SystemExit(1)


def _made_data(made: FinishedBackup, took: int) -> dict[str, Any]:
    return {
        "path": str(made.path),
        "kind": made.kind,
        "revision": made.revision,
        "bytes": made.size,
        "verify": None if made.verification is None else as_data(made.verification),
        "milliseconds": took,
    }


def _made_words(made: FinishedBackup, target: str, took: int) -> str:
    lines = [f"{target} is saved as {made.path}, {made.size:,} bytes."]
    if made.verification is not None:
        lines.append(f"Content: {in_words(made.verification, took)}")
    else:
        lines.append(
            "The file was read back and is complete. Its content is verified when it is "
            "restored. Test that on an empty store: "
            f"fancymonkey restore --from {made.path} --data …"
        )
    return "\n".join(lines)


@click.command()
@click.option(
    "--from",
    "source",
    metavar="PATH",
    required=True,
    help="The backup, or a directory of backups: then the newest.",
)
@data_option
@click.option("--force", is_flag=True, help="Restore into a store that is not empty.")
@json_option
def restore(source: str, data: str | None, force: bool, as_json: bool) -> None:
    """Restore a backup into an empty store, and verify the result.

    No server may be using the store. With --force the store need not be empty: its content is
    kept, and the command prints where. Exit code 1 if the restored store does not add up.
    """
    target, started = store_target(data), system_clock()
    with progress("Verifying", hidden=as_json) as show:
        done = run(put_back(Path(source), target, started, force=force, progress=show))
    took = system_clock() - started
    if as_json:
        emit(_restored_data(done, took))
    else:
        click.echo(_restored_words(done, without_password(target), took))
    if not done.clean:
        raise SystemExit(1)


def _restored_data(done: Restored, took: int) -> dict[str, Any]:
    return {
        "clean": done.clean,
        "path": str(done.source),
        "madeAt": done.manifest.made_at,
        "kind": done.manifest.kind,
        "revision": done.revision,
        "keptAside": done.aside,
        "verify": as_data(done.verification),
        "milliseconds": took,
    }


def _restored_words(done: Restored, target: str, took: int) -> str:
    lines = [f"{target} is restored to {done.manifest.made_at} from {done.source}."]
    if done.aside is not None:
        lines.append(f"The previous content is in {done.aside}.")
    if done.manifest.revision not in (None, done.revision):
        lines.append(
            f"The restored ledger ends at entry {done.revision}, but the backup was made at "
            f"entry {done.manifest.revision}: do not use this store."
        )
    return "\n".join([*lines, f"{target}: {in_words(done.verification, took)}"])
