import re
from pathlib import Path

from litestar.routes import HTTPRoute

from datafly.management.problems import CODES

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "management-api.md"


def test_the_reference_names_every_route_and_no_other(house):
    named = set(re.findall(r"^\| `([A-Z]+ /\S*)` \|", PAGE.read_text(), flags=re.MULTILINE))
    routes = {
        f"{method} {route.path_format}"
        for route in house.app.routes
        if isinstance(route, HTTPRoute) and not route.path_format.startswith("/v1/admin/openapi.json")
        for method in route.methods - {"OPTIONS"}
        if route.path_format.startswith("/v1/") or route.path_format in {"/healthz", "/readyz"}
    }
    assert named == routes


def test_the_reference_names_every_code_of_the_framework():
    text = PAGE.read_text()
    assert all(f"| {status} | `{code}`" in text for status, code in CODES.items() if status != 409)
