"""`datafly token`, `datafly source`: by which keys machines come in."""
# ruff: noqa: PLC0415  each command loads what it needs when it runs: all start fast

from typing import Annotated

import typer

from datafly.cli.flags import with_settings
from datafly.settings import Found, Settings

tokens = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="API tokens of the management API.")
sources = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may post signed requests to a pipeline.")


@tokens.command("create")
@with_settings
def token_create(
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the token is for; shown in lists.")],
    role: Annotated[str, typer.Option("--role", metavar="owner|admin|editor|viewer", help="What it may do.")] = "admin",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Make an API token and print it. Nothing else is printed; works while Signal runs and before it ever ran."""
    from datafly.runtime.token import create_token

    print(create_token(settings, name=name, role=role))


@sources.command("sign")
@with_settings
def source_sign(
    *,
    pipeline: Annotated[
        str, typer.Option("--pipeline", metavar="PIPELINE", help="Its id, slug or name; else the oldest one.")
    ] = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Make a new signing secret for a pipeline and print it. The one before is refused from then on."""
    from datafly.runtime.source import renew_signing_secret

    print(renew_signing_secret(settings, pipeline).reveal())


@sources.command("add")
@with_settings
def source_add(
    kind: Annotated[str, typer.Argument(metavar="stripe|shopify|hubspot|custom", help="Whose webhooks will come.")],
    *,
    secret_file: Annotated[
        str, typer.Option("--secret-file", metavar="FILE", help="Has what they are signed with; - is standard input.")
    ] = "",
    config: Annotated[
        str, typer.Option("--config", metavar="CONFIG.json", help="Its mappings; else all of it is properties.")
    ] = "",
    pipeline: Annotated[
        str, typer.Option("--pipeline", metavar="PIPELINE", help="Its id, slug or name; else the oldest one.")
    ] = "",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What people call it; else its kind.")] = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Let another product's webhooks in, and print the path that it must post to."""
    from datafly.cli import source as adding

    print(adding.add(settings, kind, secret_file=secret_file, config=config, pipeline=pipeline, name=name))


@sources.command("list")
@with_settings
def source_list(*, settings: Settings, found: list[Found]) -> None:  # noqa: ARG001  settings says it all here
    """Print who may post signed requests, one a line: id, kind and pipeline. Secrets are never shown again."""
    from datafly.runtime.source import sources as known

    for one in known(settings):
        print(one.id, one.kind, one.pipeline_id)


@sources.command("remove")
@with_settings
def source_remove(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its id; `datafly source list` shows it.")],
    *,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Refuse a sender from now on."""
    from datafly.runtime.source import remove_source

    remove_source(settings, source)
