"""`datafly backup`, `restore` and `move`: a bar on standard error while it lasts, one sentence on standard output."""
# ruff: noqa: PLC0415  each loads what it needs when it runs

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from datafly.settings import Found, Settings

Place = Annotated[Path, typer.Argument(metavar="PATH", help="The folder of the backup.")]


def backup(
    to: Place,
    *,
    with_key: Annotated[
        bool, typer.Option("--with-key", help="With the key that opens its secrets; who has the backup has them then.")
    ] = False,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Copy store, log and state into a new folder, whole and consistent, also while Signal runs."""
    import os

    from datafly.runtime.backup import back_up

    os.umask(0o077)
    with bar("bytes") as copied:
        made = back_up(settings, to, with_key=with_key, copied=copied)
    megabytes = sum(one.bytes for one in made.files.values()) / 1e6
    key = "with its key" if with_key else "without its key (encryption.key): keep that apart, nothing opens without it"
    print(f"The backup {to} is whole: {megabytes:,.1f} MB, {key}.")


def restore(
    source: Place,
    *,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Bring a backup into an empty data folder. What is in a folder already is never overwritten."""
    import os

    from datafly.runtime.restore import restore as bring

    os.umask(0o077)
    with bar("bytes") as copied:
        kept = bring(settings, source, copied=copied)
    there = kept.with_key or settings.encryption_key or (settings.data_dir / "encryption.key").exists()
    key = "" if there else " Put its encryption.key there before the start."
    print(f"The backup is in {settings.data_dir}.{key}")


def move(
    *,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="URL",
            help="postgresql://USER:PASSWORD@HOST/DATABASE, kafka://HOST:9092, or both; else what the settings say.",
            show_default=False,
        ),
    ] = None,
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Move store and log of a data folder to PostgreSQL and Kafka, with Signal stopped. Goes on where it was."""
    import msgspec

    from datafly.model.errors import OperatorError
    from datafly.model.secret import Secret
    from datafly.runtime.move import is_moved, move_store

    for url in to or ():
        if url.startswith("kafka://"):
            settings = msgspec.structs.replace(settings, log_url=url)
        else:
            settings = msgspec.structs.replace(settings, store_url=Secret(url))
    if settings.store_url is None:
        raise OperatorError("Where to? Give --to postgresql://…, or set DATAFLY_STORE_URL.")
    if not is_moved(settings) or not settings.log_url:
        with bar("rows") as moved:
            move_store(settings, settings.store_url.reveal(), moved=moved)
        print("The store is in PostgreSQL: set DATAFLY_STORE_URL.")
    if settings.log_url:
        from datafly.runtime.move_log import move_log

        with bar("events") as moved:
            move_log(settings, moved=moved)
        print("The log is on Kafka: set DATAFLY_LOG_URL.")


@contextmanager
def bar(of: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how many are done and of how many, where a person watches."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    counted = DownloadColumn() if of == "bytes" else MofNCompleteColumn()
    with Progress(BarColumn(), counted, TimeRemainingColumn(compact=True), console=console, transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
