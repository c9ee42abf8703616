"""Pages drawn with Jinja, escaped, with headers that let nothing but our own files in."""

from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response

_SHARED = Path(__file__).parent / "templates"
_HEADERS = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


class Pages:
    """The templates of a room, over the ones that all rooms share."""

    def __init__(self, directory: Path = _SHARED, **constants: object) -> None:
        loader = ChoiceLoader([FileSystemLoader(directory), FileSystemLoader(_SHARED)])
        self._environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.globals.update(constants)

    def add_filters(self, **filters: Callable[..., str]) -> None:
        self._environment.filters.update(filters)

    def draw(self, template: str, values: Mapping[str, object], *, status: int = 200) -> Response[str]:
        text = self._environment.get_template(template).render(**values)
        return Response(text, status_code=status, media_type=MediaType.HTML, headers=_HEADERS)
