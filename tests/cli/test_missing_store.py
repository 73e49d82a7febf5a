"""A mistyped name of a store: no command creates an empty shop there."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fancymonkey.cli import program
from tests.cli.conftest import Run

CREATES = {"init", "serve", "restore"}
"""The commands that fill a store which does not exist yet."""

OTHER_REFUSALS = ("Only a store of JSON files has a history", "Set BACKUP_GIT_REMOTE")
"""Refusals that come before the store is looked for."""

ARGUMENTS = {
    "backup": ["--to", "backup"],
    "history rollback": ["abc"],
    "history show": ["abc"],
    "explain": ["prod_hoodie_001", "M"],
    "user add": ["ada@shop.example"],
    "user limit": ["ada", "--location", "main"],
    "user password": ["ada"],
    "user remove": ["ada"],
    "user reset-factor": ["ada"],
    "user role": ["ada", "staff"],
    "key make": ["label"],
    "key revoke": ["0123456789"],
    "location add": ["berlin"],
    "location close": ["berlin"],
    "location edit": ["berlin", "--name", "Berlin"],
    "location import-postal-codes": ["codes.txt"],
    "bundle set": ["prod_set", "S", "--json", "null"],
    "transfer cancel": ["t1"],
    "transfer close": ["t1", "--outcome", "lost"],
    "transfer create": ["--from", "main", "--to", "berlin", "--line", "prod_a/S=1"],
    "transfer edit": ["t1"],
    "transfer receive": ["t1"],
    "transfer send": ["t1"],
    "transfer show": ["t1"],
    "transfer undo-receipt": ["t1"],
    "order cancel": ["FM-1"],
    "order move": ["FM-1", "berlin"],
    "order return": ["FM-1"],
    "order ship": ["FM-1"],
    "order show": ["FM-1"],
    "order unship": ["FM-1", "1"],
    "job run": ["alerts"],
    "import": ["stock.csv"],
}


def commands_with_data(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """The names of the commands with the option `--data`."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            part = command.get_command(context, name)
            assert part is not None
            yield from commands_with_data(part, (*path, name))
    elif any("--data" in parameter.opts for parameter in command.params):
        yield path


@pytest.mark.parametrize("kind", ["directory", "SQLite file"])
@pytest.mark.parametrize(
    "words", [" ".join(path) for path in commands_with_data(program) if path[0] not in CREATES]
)
def test_a_missing_store_is_refused_and_not_created(
    cli: Run, tmp_path: Path, words: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_0123456789abcdef")
    (tmp_path / "stock.csv").write_text("productId,size,stock\nprod_a,S,1\n")
    (tmp_path / "codes.txt").write_text("DE\t10115\tBerlin\t\t\t\t\t\t\t52.5\t13.4\t4\n")
    place = tmp_path / "typo" / "shop.db"
    target = str(place) if kind == "directory" else f"sqlite:///{place}"
    before = sorted(tmp_path.rglob("*"))
    password = "a long enough password\na long enough password\n"
    result = cli(*words.split(), *ARGUMENTS.get(words, []), "--data", target, input=password)
    assert result.exit_code != 0, result.output
    assert "Usage:" not in result.output, result.output
    assert any(text in result.output for text in (str(place), *OTHER_REFUSALS)), result.output
    assert sorted(tmp_path.rglob("*")) == before
