"""Draws pages: Jinja, escaped, in the frame, with headers that let nothing but our own files in."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from datafly.management.web import words
from datafly.management.web.assets import asset
from datafly.management.web.visit import may

_FLASH: Final = "signal_told"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Told(msgspec.Struct, frozen=True):
    """What the next page says first. `tone`: good, bad, warn."""

    text: str
    tone: str = "good"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(asset=asset, may=may, verdicts=words.VERDICTS)
    environment.filters.update(words.FILTERS, zip=zip)
    return environment


_PAGES: Final = _environment()


def warm() -> None:
    """Blocking, half a second: compiles every template, so that nobody waits for that who looks at a page first."""
    for name in _PAGES.list_templates():
        _PAGES.get_template(name)


def draw(
    request: Request[Any, Any, Any], template: str, *, place: str = "", status: int = 200, **values: Any
) -> Response[str]:
    """A page in the frame; `place` is the entry of the sidebar that it belongs to."""
    told = _told(request)
    text = part(template, who=request.scope.get("auth"), place=place, told=told, **values)
    answer = Response(text, status_code=status, media_type=MediaType.HTML, headers=HEADERS)
    if told:
        answer.delete_cookie(_FLASH, path="/")
    return answer


def part(template: str, **values: Any) -> str:
    """A template alone, for a piece of a page."""
    return _PAGES.get_template(template).render(**values)


def fragment(template: str, *, status: int = 200, **values: Any) -> Response[str]:
    """A piece of a page that a script asked for."""
    return Response(part(template, **values), status_code=status, media_type=MediaType.HTML, headers=HEADERS)


def see(path: str, told: str = "", tone: str = "good", query: Mapping[str, str] | None = None) -> Redirect:
    """Where a form leads to, so that going back or reloading sends nothing twice."""
    answer = Redirect(f"{path}?{urlencode(query)}" if query else path, status_code=303)
    if told:
        said = base64.urlsafe_b64encode(msgspec.json.encode(Told(told, tone))).decode()
        answer.set_cookie(Cookie(key=_FLASH, value=said, path="/", httponly=True, samesite="strict", max_age=60))
    return answer


def _told(request: Request[Any, Any, Any]) -> Told | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(request.cookies.get(_FLASH, "")), type=Told)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return None
