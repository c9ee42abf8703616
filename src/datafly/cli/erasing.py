"""`datafly erase` and `datafly erasures`: somebody is erased at every vendor, and who was."""
# ruff: noqa: PLC0415  each command loads what it needs when it runs: all start fast

from typing import TYPE_CHECKING, Annotated

import typer

from datafly.cli.flags import ApiToken, Url
from datafly.settings import Found, Settings

if TYPE_CHECKING:
    from datafly.management.erasing import ErasureView


def erase(
    *,
    user_id: Annotated[str, typer.Option("--user-id", metavar="ID", help="As in identify.")] = "",
    anonymous_id: Annotated[str, typer.Option("--anonymous-id", metavar="ID", help="Of a visitor.")] = "",
    email: Annotated[str, typer.Option("--email", metavar="EMAIL", help="As last told by identify.")] = "",
    url: Url = "",
    token: ApiToken = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Erase a person: at every vendor that has a call for it, and here. Cannot be undone."""
    from datafly.management.erasing import EraseBody
    from datafly.runtime.erasing import erasing

    body = EraseBody(user_id=user_id or None, anonymous_id=anonymous_id or None, email=email or None)
    with erasing(settings, url=url, token=token) as signal:
        _show(signal.create_erasure(body))


def erasures(
    *,
    url: Url = "",
    token: ApiToken = "",
    settings: Settings,
    found: list[Found],  # noqa: ARG001  settings says it all here
) -> None:
    """Show who was erased, the newest first, and what vendors did."""
    from datafly.runtime.erasing import erasing

    with erasing(settings, url=url, token=token) as signal:
        for one in signal.list_erasures():
            _show(one)


def _show(one: "ErasureView") -> None:
    who = ", ".join([*one.user_ids, *one.emails, *one.anonymous_ids]) or "forgotten"
    print(f"{one.id} {one.created_at:%Y-%m-%d %H:%M} {one.state} {who}")
    for call in one.calls:
        print(f"  {call.integration_name}: {call.state}{f', {call.cause}' if call.cause else ''}")
