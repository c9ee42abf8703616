"""The flags of `datafly status` and `datafly doctor`."""
# ruff: noqa: PLC0415  as in `cli.app`

from typing import Annotated

import typer

from datafly.cli.flags import Found, Settings


def status(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object; with --watch one a line.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Again every two seconds; Ctrl-C ends it.")] = False,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Management API of another machine; with --token.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option("--token", metavar="TOKEN", help="An API token; by default one is made and taken back."),
    ] = None,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Show how each integration stands. What waits, how long that takes, what is suspended and what to do."""
    from datafly.cli import status as showing

    showing.run(settings, url=url, token=token, as_json=json, watch=watch)


def doctor(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
    vendors: Annotated[
        bool, typer.Option("--vendors", help="Also whether the vendors of what is installed can be reached.")
    ] = False,
    clock_url: Annotated[
        str,
        typer.Option("--clock-url", metavar="URL", help="An HTTP server by whose Date this machine's clock is judged."),
    ] = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Look for what is wrong, and say what to do. Settings, engines, clock, disk, keys, permissions, ports."""
    from datafly.cli import doctor as examining

    if not examining.run(settings, as_json=json, vendors=vendors, clock_url=clock_url):
        raise typer.Exit(1)
