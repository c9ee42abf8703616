"""`datafly user`: lets people in from the machine itself."""
# ruff: noqa: PLC0415  each command loads what it needs when it runs: all start fast

from typing import Annotated

import typer

from datafly.cli.flags import with_settings
from datafly.settings import Found, Settings

people = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may log in to the management pages.")


@people.command("invite")
@with_settings
def user_invite(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="By this they log in.")],
    *,
    role: Annotated[
        str, typer.Option("--role", metavar="owner|admin|editor|viewer", help="What they may do.")
    ] = "viewer",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Shown beside the address.")] = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Print a link by which somebody sets a password and comes in. It works once, within seven days."""
    from datafly.runtime.people import invite

    print(invite(settings, email, role=role, name=name))


@people.command("reset")
@with_settings
def user_reset(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose password; else the owner's.")] = "",
    *,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Print a link by which a new password is set. It works once, within a day; without an owner it makes one."""
    from datafly.runtime.people import reset

    print(reset(settings, email))


@people.command("list")
@with_settings
def user_list(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Print who may log in, one a line: e-mail address, role and status."""
    from datafly.runtime.people import users

    for user in users(settings):
        print(user.email, user.role, user.status)
