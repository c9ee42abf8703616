"""The static files: named with a digest over all of them, so that a browser may keep them for good.

One digest for all: a script imports another by a relative address, which must be the one that a page names.
"""

import hashlib
from pathlib import Path
from typing import Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FILES: Final = {file.name: file.read_bytes() for file in sorted(_FOLDER.iterdir()) if file.suffix in _TYPES}
_DIGEST: Final = hashlib.sha256(b"".join(_FILES.values())).hexdigest()[:12]
_FOR_GOOD: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


def asset(name: str) -> str:
    """The address of a static file. Raises `KeyError` where there is none."""
    if name not in _FILES:
        raise KeyError(name)
    return f"/assets/{_DIGEST}/{name}"


@get("/assets/{digest:str}/{name:str}", sync_to_thread=False)
def serve_asset(digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """An old digest gets the file of now, which a browser must then ask for again."""
    if name not in _FILES:
        raise NotFoundException
    headers = _FOR_GOOD if digest == _DIGEST else {"Cache-Control": "no-cache"}
    return Response(_FILES[name], media_type=_TYPES[Path(name).suffix], headers=headers)
