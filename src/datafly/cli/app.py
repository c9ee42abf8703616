"""The commands. Each says what it does in its first line, and loads what it needs when it runs: all start fast."""
# ruff: noqa: PLC0415  see above

import sys
from pathlib import Path
from typing import Annotated

import typer

from datafly.cli import copying
from datafly.cli.erasing import erase, erasures
from datafly.cli.flags import ApiToken, Url, with_settings
from datafly.cli.import_flags import import_files
from datafly.cli.keys import sources, tokens
from datafly.cli.look_flags import doctor, status
from datafly.cli.people import people
from datafly.model.errors import SignalError
from datafly.settings import Found, Settings

app = typer.Typer(
    name="datafly", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.add_typer(tokens, name="token")
app.add_typer(people, name="user")
app.add_typer(sources, name="source")

Root = Annotated[
    Path,
    typer.Option(
        "--root", metavar="FOLDER", help="The checkout of Signal to work on; else this folder.", show_default=False
    ),
]


@app.callback()
def datafly() -> None:
    """Signal: an open, self-hosted, server-side customer-event gateway."""


@app.command()
@with_settings
def up(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Run Signal until Ctrl-C. Gateway, processing, delivery and management API, in one process tree."""
    import os

    from datafly.runtime.anew import go_on_anew

    go_on_anew(settings, os.environ)


def _alone(role: str, settings: Settings) -> None:
    import os

    from datafly.runtime.anew import go_on_anew

    go_on_anew(settings, os.environ, role)


@app.command()
@with_settings
def gateway(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Run a gateway alone until it is asked to end. On Kafka and PostgreSQL, as one of any number on any machines."""
    _alone("gateway", settings)


@app.command()
@with_settings
def processor(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Run a processor alone until it is asked to end. Those that run share out Kafka's partitions among themselves."""
    _alone("processor", settings)


@app.command()
@with_settings
def delivery(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Run a delivery alone until it is asked to end. Those that run share out Kafka's partitions among themselves."""
    _alone("delivery", settings)


@app.command()
@with_settings
def management(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Run the management API and its pages alone until it is asked to end. As one of any number."""
    _alone("management", settings)


@app.command()
@with_settings
def sandbox(
    *,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="An API key that is there from the start, for tests.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="A name with a dot that it is called by; may be repeated."),
    ] = None,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Run the vendor sandboxes alone until Ctrl-C. For trying any system that sends to a vendor, without a vendor."""
    import asyncio

    from datafly.runtime.alone import run_sandbox

    asyncio.run(run_sandbox(settings, key=key, hosts=allow_host or ()))


@app.command()
@with_settings
def migrate(
    *,
    with_this_log: Annotated[
        bool, typer.Option("--with-this-log", help="The database goes on with the log of this data folder.")
    ] = False,
    to: Annotated[
        str,
        typer.Option("--to", metavar="REVISION", help="Up or down to that revision, for the version that has it."),
    ] = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Bring the store's tables to this version. `datafly up` does so by itself, roles that run alone if it is empty."""
    from datafly.runtime import prepare

    revision = (
        prepare.change_tables_to(settings, to) if to else prepare.bring_along(settings, with_this_log=with_this_log)
    )
    print(f"The store's tables are at revision {revision}.")


@app.command("settings")
@with_settings
def show_settings(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    settings: Settings,  # noqa: ARG001  what was found says more
    found: list[Found],
) -> None:
    """Print every setting, its value and where it came from."""
    from datafly.cli import settings as showing

    print(showing.as_json(found) if json else showing.as_table(found, showing.terminal_width()))


@app.command()
def preview(
    integration: Annotated[str, typer.Argument(metavar="INTEGRATION", help="Its slug; `datafly check` names them.")],
    event: Annotated[
        Path,
        typer.Argument(metavar="EVENT.json", help="One event, or a list of them in their order; - is standard input."),
    ],
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="CONFIG.json", help="The integration's config; else the examples of its page."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One compact object per event, and no words beside it.")] = False,
) -> None:
    """Print the exact requests that an event would become. Needs no server and no data folder, sends nothing."""
    from datafly.cli import preview as previewing

    previewing.run(integration, event, config, compact=json)


@app.command()
@with_settings
def tail(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Management API of another machine; with --token.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option("--token", metavar="TOKEN", help="An API token; by default one is made and taken back."),
    ] = None,
    refused: Annotated[
        bool, typer.Option("--refused", help="Also what the gateway refuses from now on, with the reason.")
    ] = False,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Show live events as they come. With what became of each; Ctrl-C ends it."""
    from datafly.cli import tail as tailing

    tailing.run(settings, url=url, token=token, as_json=json, refused=refused)


@app.command()
@with_settings
def export(
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="The JSON Schema of the document, for editors, instead of the document.")
    ] = False,
    url: Url = "",
    token: ApiToken = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Print the configuration as one YAML document. Secrets are not in it: it names a variable for each."""
    from datafly.cli import declared

    if schema:
        print(declared.schema(), end="")
    else:
        print(declared.export(settings, url=url, token=token), end="")


@app.command()
@with_settings
def apply(
    file: Annotated[str, typer.Argument(metavar="SIGNAL.yaml", help="The document; - is standard input.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without being asked.")] = False,
    keep_secrets: Annotated[
        bool, typer.Option("--keep-secrets", help="A secret that is not there stays what it is; else it is an error.")
    ] = False,
    url: Url = "",
    token: ApiToken = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Make the configuration what a document says. Shows what it adds, changes and removes; all of it or nothing."""
    from datafly.cli import declared

    declared.apply(settings, file, dry_run=dry_run, yes=yes, keep_secrets=keep_secrets, url=url, token=token)


app.command()(with_settings(status))
app.command()(with_settings(doctor))
app.command("import")(with_settings(import_files))
app.command("erase")(with_settings(erase))
app.command("erasures")(with_settings(erasures))
app.command("backup")(with_settings(copying.backup))
app.command("restore")(with_settings(copying.restore))
app.command("move")(with_settings(copying.move))


@app.command()
@with_settings
def refused(
    *,
    pipeline: Annotated[
        str, typer.Option("--pipeline", metavar="PIPELINE", help="Its id, slug or name; else all.")
    ] = "",
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Those of this code only.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000, help="How many at most.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", help="Also those to come; Ctrl-C ends it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Show what was sent with a good key and refused, and why. The newest last; values that were sent are not kept."""
    from datafly.cli import refused as showing

    showing.run(settings, pipeline=pipeline, code=code, limit=limit, follow=follow, as_json=json)


@app.command()
def check() -> None:
    """Lint the integration definitions."""
    from datafly import catalog

    findings = catalog.check()
    for finding in findings:
        print(finding)
    if findings:
        raise typer.Exit(1)
    names = ", ".join(one.slug for one in catalog.all())
    print(f"All is well with the definitions: {names}.", file=sys.stderr)


@app.command("new-integration")
def new_integration(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, e.g. 'Acme Mail'.")], *, root: Root = Path()
) -> None:
    """Scaffold an integration: one file with definition, mapping and samples."""
    from datafly import catalog
    from datafly.cli import checkout

    print(catalog.scaffold(name, checkout.require(root)))
    print("Now change it, then: datafly check, datafly docs, and pytest tests/conformance.", file=sys.stderr)


@app.command()
def docs(
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a page is stale.")] = False,
    root: Root = Path(),
) -> None:
    """Generate the integration and reference pages."""
    from datafly import catalog
    from datafly.cli import checkout, reference

    folder = checkout.require(root)
    if not check:
        for path in [*catalog.render_docs(folder), *reference.write(folder)]:
            print(path)
        return
    stale = [*catalog.stale_docs(folder), *reference.stale(folder)]
    for path in stale:
        print(f"{path} is stale: run `datafly docs`.", file=sys.stderr)
    if stale:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; a foreseen failure is one sentence and exit status 2."""
    try:
        app(prog_name="datafly")
    except SignalError as error:
        print(f"datafly: {error.message}", file=sys.stderr)
        sys.exit(2)
