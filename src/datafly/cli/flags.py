"""Command-line flags drawn from the table of settings."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from datafly.settings import Found, Row, Settings, find, table

Url = Annotated[
    str,
    typer.Option("--url", metavar="URL", help="Management API of another machine; with --token.", show_default=False),
]
ApiToken = Annotated[
    str,
    typer.Option(
        "--token", metavar="TOKEN", help="An API token of that Signal, of the role admin.", show_default=False
    ),
]


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command every setting as a flag, and hands it `settings` and `found` instead of the flags."""
    rows = table()
    own = [
        parameter
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.name not in ("settings", "found")
    ]

    def run(**given: Any) -> None:
        flags = {row.name: given.pop(row.name) for row in rows}
        settings, found = find(flags, os.environ)
        command(settings=settings, found=found, **given)

    parameters = [*(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *map(_parameter, rows)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _parameter(row: Row) -> inspect.Parameter:
    kind: Any = bool | None if row.kind is bool else str | None
    names = [row.flag] if row.kind is not bool else [f"{row.flag}/--no-{row.name.replace('_', '-')}"]
    option = typer.Option(
        *names, metavar=_metavar(row), help=f"{row.sentence.text} [{row.variable}]", show_default=False
    )
    return inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def _metavar(row: Row) -> str | None:
    if get_origin(row.kind) is Literal:
        return "|".join(get_args(row.kind))
    return {bool: None, int: "NUMBER", float: "NUMBER", Path: "FOLDER"}.get(row.kind, "TEXT")


__all__ = ["ApiToken", "Found", "Settings", "Url", "with_settings"]
