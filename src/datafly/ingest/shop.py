"""The demo shop: real pages that load the collector, so that a newcomer has events to look at."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
import msgspec

from datafly.ingest.asset import Asset, make_asset
from datafly.ingest.codes import Code, Refused
from datafly.ingest.doors import Pipelines
from datafly.ingest.wire import Receive, Reply, Request

_ROOM: Final = Path(__file__).parent / "assets" / "shop"
_PAGES: Final = {
    "/shop/": "list.html",
    "/shop/cart": "cart.html",
    "/shop/checkout": "checkout.html",
    "/shop/order": "order.html",
    "/shop/account": "account.html",
}
_PRODUCT: Final = "/shop/product/"
_STATIC: Final = "/shop/static/"
_HEADERS: Final = (
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)


def is_shop(path: str) -> bool:
    return path == "/shop" or path.startswith("/shop/")


class Shop:
    """Pages are drawn with the key of the oldest pipeline that is in use."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._pipelines = pipelines
        self._templates = jinja2.Environment(loader=jinja2.FileSystemLoader(_ROOM / "pages"), autoescape=True)
        self._templates.globals["money"] = _money
        self._products: dict[str, dict[str, Any]] = {
            product["product_id"]: product for product in msgspec.json.decode((_ROOM / "products.json").read_bytes())
        }
        self._assets: Mapping[str, Asset] = {
            _STATIC + file.name: make_asset(file.read_bytes(), _content_type(file), *_HEADERS)
            for file in (_ROOM / "static").iterdir()
        }

    async def get(self, request: Request, _receive: Receive) -> Reply:
        path = request.path
        if path == "/shop":
            return Reply(308, b"", [(b"location", b"/shop/")])
        if path in self._assets:
            return self._assets[path].reply(request)
        if path in _PAGES:
            return self._page(200, _PAGES[path])
        product = self._products.get(path.removeprefix(_PRODUCT)) if path.startswith(_PRODUCT) else None
        return self._page(200, "product.html", product=product) if product else self._page(404, "missing.html")

    def _page(self, status: int, name: str, **values: Any) -> Reply:
        products = list(self._products.values())
        html = self._templates.get_template(name).render(products=products, pipeline_key=self._key(), **values)
        content_type = (b"content-type", b"text/html; charset=utf-8")
        return Reply(status, html.encode(), [content_type, (b"x-content-type-options", b"nosniff"), *_HEADERS])

    def _key(self) -> str:
        used = [pipeline for pipeline in self._pipelines().values() if pipeline.enabled]
        if not used:
            raise Refused(Code.NO_PIPELINE)
        return min(used, key=lambda pipeline: (pipeline.created_ms, pipeline.id)).pipeline_key


def _content_type(file: Path) -> str:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _money(amount: float) -> str:
    return f"£{amount:,.2f}"
