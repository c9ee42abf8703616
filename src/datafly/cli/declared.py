"""`datafly export` and `datafly apply`: the document read and written, the plan shown, secrets fetched."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import typer

from datafly import catalog
from datafly.cli import yaml_text
from datafly.cli.line import plain
from datafly.management.declared.planning import ChangeView, PlanView
from datafly.management.declared.references import references
from datafly.management.declared.schema import schema as document_schema
from datafly.model.errors import Invalid, OperatorError
from datafly.runtime.declared import Declared, configuration
from datafly.settings import Settings

_SIGNS: Final = {"add": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red")}
_SECRET_BYTES: Final = 65_536
_HEAD: Final = (
    "yaml-language-server: $schema=signal.schema.json",
    "`datafly export` wrote it; `datafly apply` makes a Signal be like it. A section that is left out stays as it is,",
    "one that is there is whole. `datafly export --schema > signal.schema.json` is for editors.",
)


def schema() -> str:
    return json.dumps(document_schema(catalog), indent=1, ensure_ascii=False) + "\n"


def export(settings: Settings, *, url: str, token: str) -> str:
    with configuration(settings, url=_checked(url, token), token=token) as signal:
        exported = signal.export_config()
    return yaml_text.write(exported.document, [*_HEAD, *_lacking(exported.variables)])


def apply(settings: Settings, file: str, *, dry_run: bool, yes: bool, keep_secrets: bool, url: str, token: str) -> None:
    """Raises `OperatorError` with all that is wrong, each with its line."""
    name = "standard input" if file == "-" else file
    text = _parsed(_read(file), name)
    asked: dict[str, Any] = {"secrets": _secrets(text.told), "keep_secrets": keep_secrets}
    with configuration(settings, url=_checked(url, token), token=token) as signal:
        try:
            plan = signal.plan_config(text.told, **asked)
            print(drawn(plan, colours=sys.stdout.isatty()))
            if plan.changes and not dry_run:
                _require_agreed(plan, yes=yes)
                _apply(signal, text.told, plan, asked)
        except Invalid as error:
            raise OperatorError("\n".join(yaml_text.problems(text, name, error))) from error


def drawn(plan: PlanView, *, colours: bool) -> str:
    """`+ pipeline Shop`, then its fields, each on a line of its own; the sums at the end."""
    if not plan.changes:
        return "Nothing to change."
    lines = [line for change in plan.changes for line in _change(change, colours=colours)]
    counts = {action: sum(one.action == action for one in plan.changes) for action in _SIGNS}
    return "\n".join([*lines, "", f"{', '.join(f'{count} to {action}' for action, count in counts.items())}."])


def _apply(signal: Declared, told: Any, plan: PlanView, asked: Mapping[str, Any]) -> None:
    signal.apply_config(told, plan_id=plan.id, **asked)
    print("Applied.", file=sys.stderr)


def _require_agreed(plan: PlanView, *, yes: bool) -> None:
    """Whoever types is asked before anything is removed; a script has read its plan."""
    removed = [one for one in plan.changes if one.action == "remove"]
    if removed and not yes and sys.stdin.isatty() and not typer.confirm(f"Remove {len(removed)}?", err=True):
        raise OperatorError("Nothing was changed.")


def _change(change: ChangeView, *, colours: bool) -> Iterator[str]:
    sign, colour = _SIGNS[change.action]
    where = f" on {plain(change.pipeline)}" if change.pipeline else ""
    head = f"{sign} {change.kind} {plain(change.name)}{where}"
    yield typer.style(head, fg=colour) if colours else head
    for one in change.fields:
        old = "" if change.action == "add" else f"{_value(one.old)} → "
        yield f"    {plain(one.field)}: {old}{_value(one.new)}"


def _value(value: Any) -> str:
    return "none" if value is None else plain(msgspec.json.encode(value).decode())


def _lacking(variables: list[str]) -> Iterator[str]:
    if variables:
        yield ""
        yield "Secrets are not in it. Set these where it is applied, or write file:/path instead:"
        yield from (f"  {one.removeprefix('env:')}" for one in variables)


def _checked(url: str, token: str) -> str:
    if url and not token:
        raise OperatorError("--url needs --token: an API token of that Signal, of the role admin.")
    return url


def _parsed(text: str, name: str) -> yaml_text.Text:
    try:
        return yaml_text.parse(text)
    except Invalid as error:
        raise OperatorError(f"{name}: {error.message}") from error


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {getattr(error, 'strerror', 'it is not UTF-8')}.") from error


def _secrets(told: Any) -> dict[str, str]:
    """What is there of what the document refers to. Ends of lines of a file are not of its secret."""
    found = {reference: _secret(reference) for reference in references(told)}
    return {reference: text for reference, text in found.items() if text}


def _secret(reference: str) -> str:
    kind, _, name = reference.partition(":")
    if kind == "env":
        return os.environ.get(name, "")
    try:
        with Path(name).open("rb") as file:
            return file.read(_SECRET_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError, ValueError):
        return ""
