"""The commands. Each says what it does in its first line; errors are one sentence on standard error."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from datafly import catalog
from datafly.cli import preview as previewing
from datafly.cli import reference
from datafly.cli import tail as tailing
from datafly.cli.flags import with_settings
from datafly.model.errors import SignalError
from datafly.runtime.token import create_token
from datafly.runtime.up import up as run_up
from datafly.settings import Found, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
tokens = typer.Typer(no_args_is_help=True, help="API tokens of the management API.")
app.add_typer(tokens, name="token")


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"


@app.command()
@with_settings
def up(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Run Signal: gateway, processing, delivery and management API in one process tree. Ctrl-C stops it."""
    asyncio.run(run_up(settings))


@app.command("settings")
@with_settings
def show_settings(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    settings: Settings,  # noqa: ARG001  what was found says more
    found: list[Found],
) -> None:
    """Print every setting with its value and where it came from."""
    if json:
        Console(soft_wrap=True, highlight=False).print_json(
            data={one.row.variable: {"value": one.shown(), "source": one.source} for one in found}
        )
        return
    table = Table("setting", "value", "from", "what it is for", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.row.variable, one.shown(), one.source, one.row.sentence.text)
    Console().print(table)


@tokens.command("create")
@with_settings
def token_create(
    *,
    name: Annotated[str, typer.Option("--name", help="What the token is for; shown in lists.")],
    role: Annotated[Role, typer.Option("--role", help="What it may do.")] = Role.ADMIN,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Make an API token and print it, and nothing else. Works while Signal runs and before it ever ran."""
    print(create_token(settings, name=name, role=role.value))


@app.command()
def preview(
    integration: Annotated[str, typer.Argument(help="The integration's slug, e.g. insider.")],
    event: Annotated[Path, typer.Argument(help="A JSON file with one event, or a list of them. - reads stdin.")],
    *,
    config: Annotated[Path | None, typer.Option("--config", help="A JSON file with the integration's config.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One compact object per event.")] = False,
) -> None:
    """Print the exact requests that an event would become. Needs no server, sends nothing."""
    previewing.run(integration, event, config, compact=json)


@app.command()
@with_settings
def tail(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    url: Annotated[str | None, typer.Option("--url", help="Management API of another machine.")] = None,
    token: Annotated[str | None, typer.Option("--token", help="API token; with --url.")] = None,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Show live events as they come in, with what became of each. Ctrl-C ends it."""
    tailing.run(settings, url=url, token=token, as_json=json)


@app.command()
def check() -> None:
    """Lint the integration definitions."""
    findings = catalog.check()
    for finding in findings:
        print(finding)
    if findings:
        raise typer.Exit(1)
    print(
        f"{len(catalog.all())} integrations checked: {', '.join(one.slug for one in catalog.all())}.", file=sys.stderr
    )


@app.command("new-integration")
def new_integration(
    name: Annotated[str, typer.Argument(help="Its name, e.g. 'Acme Mail'.")],
    *,
    root: Annotated[Path, typer.Option("--root", help="The checkout to write into.")] = Path(),
) -> None:
    """Scaffold an integration: definition, samples and test."""
    for path in catalog.scaffold(name, root):
        print(path)


@app.command()
def docs(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a page is stale.")] = False,
    root: Annotated[Path, typer.Option("--root", help="The checkout to write into.")] = Path(),
) -> None:
    """Generate the integration pages and the settings page from their definitions."""
    if not check:
        for path in [*catalog.render_docs(root), reference.write(root)]:
            print(path)
        return
    stale = [*catalog.stale_docs(root), *reference.stale(root)]
    for path in stale:
        print(f"{path} is stale: run `datafly docs`.", file=sys.stderr)
    if stale:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; a foreseen failure is one sentence and exit status 2."""
    try:
        app()
    except SignalError as error:
        print(f"datafly: {error.message}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
