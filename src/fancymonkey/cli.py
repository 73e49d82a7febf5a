"""The command line. Exit codes: 0 success, 1 a finding or a failure, 2 wrong usage."""

import errno
from importlib import import_module
from typing import Any

import click

from fancymonkey import __version__, gc_tuning
from fancymonkey.errors import FancyMonkeyError

COMMANDS = {
    "serve": "fancymonkey.commands.operation.serve:serve",
    "init": "fancymonkey.commands.catalogue.init:init",
    "migrate": "fancymonkey.commands.store.migrate:migrate",
    "backup": "fancymonkey.commands.store.backup:backup",
    "restore": "fancymonkey.commands.store.backup:restore",
    "history": "fancymonkey.commands.catalogue.history:history",
    "verify": "fancymonkey.commands.store.verify:verify",
    "explain": "fancymonkey.commands.stock.explain:explain",
    "doctor": "fancymonkey.commands.operation.doctor:doctor",
    "release-expired": "fancymonkey.commands.sales.release_expired:release_expired",
    "storefront": "fancymonkey.commands.operation.storefront:storefront",
    "stand-in": "fancymonkey.commands.operation.fake_stripe:stand_in",
    "user": "fancymonkey.commands.accounts.user:user",
    "key": "fancymonkey.commands.accounts.key:key",
    "location": "fancymonkey.commands.stock.location:location",
    "drill": "fancymonkey.commands.drill.command:drill",
    "bundle": "fancymonkey.commands.catalogue.bundle:bundle",
    "transfer": "fancymonkey.commands.stock.transfer:transfer",
    "order": "fancymonkey.commands.sales.order:order",
    "job": "fancymonkey.commands.operation.job:job",
    "alerts": "fancymonkey.commands.operation.alerts:alerts",
    "reconcile": "fancymonkey.commands.sales.reconcile:reconcile",
    "check": "fancymonkey.commands.catalogue.check:check",
    "export": "fancymonkey.commands.catalogue.export:export",
    "import": "fancymonkey.commands.catalogue.import_:import_",
}
"""The module and function of each command. A module is loaded when its command runs."""


class Program(click.Group):
    """The command group: loads each command when needed and prints an error as one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        with gc_tuning.paused():
            command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name. Raises NoSuchCommand with the names like it."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:  # click knows only loaded commands
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=COMMANDS, ctx=ctx
            ) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command. Raises ClickException, which prints one line and exits with 1."""
        try:
            return super().invoke(ctx)
        except FancyMonkeyError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # `fancymonkey export | head`
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fancymonkey")
def program() -> None:
    """Fancy Monkey Inventory: stock, holds and sales that always add up."""


def main() -> None:
    """The entry point of the installed program."""
    program(prog_name="fancymonkey", windows_expand_args=False)


if __name__ == "__main__":
    main()
