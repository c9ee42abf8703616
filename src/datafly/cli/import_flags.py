"""The words of `datafly import`."""

import inspect
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from datafly.settings import Found, Settings


def _option(flag: str, words: str, metavar: str | None = None) -> Any:
    return typer.Option(flag, help=words, metavar=metavar)


_FILES: Final = typer.Argument(
    metavar="FILE…", help="NDJSON, CSV or Parquet, plain or gzip; - is NDJSON on standard input."
)
_WORDS: Final[dict[str, tuple[Any, Any, Any]]] = {
    "files": (list[Path], _FILES, inspect.Parameter.empty),
    "map": (Path | None, _option("--map", "What of a row becomes what of an event.", "MAPPING.yaml"), None),
    "shape": (str, _option("--shape", "Whose export it is; else it is recognised.", "segment|rudderstack"), ""),
    "table": (str, _option("--table", "Which of their warehouse tables: tracks, users …", "TABLE"), ""),
    "format": (str, _option("--format", "Else the file shows it.", "ndjson|csv|parquet"), ""),
    "pipeline": (str, _option("--pipeline", "Its id, slug or name; else the oldest one.", "PIPELINE"), ""),
    "url": (str, _option("--url", "Gateway of another Signal; with --key.", "URL"), ""),
    "key": (str, _option("--key", "A pipeline key, instead of --pipeline.", "KEY"), ""),
    "management": (str, _option("--management", "Its management API, to see delivery; with --token.", "URL"), ""),
    "token": (str, _option("--token", "An API token that may read.", "TOKEN"), ""),
    "rate": (float | None, _option("--rate", "Events a second at most.", "NUMBER"), None),
    "ahead": (float, _option("--ahead", "How much history may be before a live event: 5; 0 is any.", "SECONDS"), 5.0),
    "share": (float, _option("--share", "Of delivery's time, while there are live events: 0.5.", "NUMBER"), 0.5),
    "report": (Path | None, _option("--report", "For refused rows; else FILE.refused.ndjson here.", "REPORT"), None),
    "with_rows": (bool, _option("--with-rows", "Put the refused rows themselves into it."), False),
    "under_way": (
        str,
        _option("--under-way", "Of the batch that was being sent when it ended a day ago or more.", "again|taken"),
        "",
    ),
    "from_start": (bool, _option("--from-start", "Begin anew, whatever an earlier start had done."), False),
}
"""The fields of `Wanted`, as flags: their type, their words, their default."""

DryRun = Annotated[bool, _option("--dry-run", "Send nothing: count, tell what is refused, show the first requests.")]
Show = Annotated[int, _option("--show", "Of how many events --dry-run shows the requests: 3.", "NUMBER")]
Json = Annotated[bool, _option("--json", "One JSON object of what came of it.")]


def import_files(
    *,
    dry_run: DryRun = False,
    show: Show = 3,
    json: Json = False,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
    **words: Any,
) -> None:
    """Import history from files, beside live traffic. Started again, it goes on where it ended."""
    from datafly.cli import backfill  # noqa: PLC0415  all commands start fast
    from datafly.runtime.backfill import Wanted  # noqa: PLC0415

    if status := backfill.run(settings, Wanted(**words), dry=dry_run, show=show, as_json=json):
        raise typer.Exit(status)


def _signature() -> inspect.Signature:
    kind = inspect.Parameter.KEYWORD_ONLY
    drawn = [
        inspect.Parameter(name, kind, default=default, annotation=Annotated[told, option])
        for name, (told, option, default) in _WORDS.items()
    ]
    own = [one for one in inspect.signature(import_files).parameters.values() if one.kind is kind]
    return inspect.Signature([*drawn, *own])


import_files.__signature__ = _signature()  # type: ignore[attr-defined]
