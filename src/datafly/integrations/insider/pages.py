"""Pages and screens: one event for all, or what kind of page it is (contracts/insider.md §10.2, row page)."""

from datafly.integrations.insider.refusals import PAGES_OFF
from datafly.integrations.insider.taxonomy import custom_params, own_event
from datafly.spec.choices import given, lookup, refused
from datafly.spec.convert import taxonomy, text
from datafly.spec.nodes import const, first, merged, obj, path
from datafly.spec.parts import by_setting
from datafly.spec.rest import rest

# What sites call these pages is nowhere defined; the words are ours.
_HOME = ("home", "homepage", "home page", "home_page", "home-page", "start page", "startpage", "landing home", "index")
_LISTING = (
    *("category", "category page", "category_page", "category-page", "categorypage", "listing", "listing page"),
    *("listing_page", "product list", "product_list", "product-list", "product listing", "product_listing"),
    *("productlist", "plp", "collection", "collection page", "catalog", "catalogue", "department"),
)
_KINDS = {**dict.fromkeys(_HOME, "homepage_view"), **dict.fromkeys(_LISTING, "listing_page_view")}
_TYPES = ("properties.page_type", "properties.pageType", "properties.type", "context.page.type", "name")

KIND = first(
    *(lookup(path(name), _KINDS) for name in _TYPES),
    lookup(path("properties.path", "context.page.path"), {"/": "homepage_view"}),
    const("other_page_view"),
)
PAGE_NAME = by_setting("page_mode", page_view=own_event("page_view"), auto=KIND, off=refused(PAGES_OFF))
PAGE_PARAMS = obj(
    taxonomy=by_setting(
        "page_mode",
        auto=given(lookup(KIND, {"listing_page_view": True}), taxonomy(path("properties.category"))),
    ),
    url=text(path("properties.url", "context.page.url")),
    referrer=text(path("properties.referrer", "context.page.referrer")),
    custom=custom_params(
        merged(
            obj(
                title=text(path("properties.title", "context.page.title")),
                name=text(path("name", "properties.name")),
                path=text(path("properties.path", "context.page.path")),
            ),
            rest("properties", keep=("category", "page_type", "pageType", "type"), unread="c_"),
        )
    ),
)
