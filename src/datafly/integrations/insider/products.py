"""Products and lines of orders as Insider's event parameters (contracts/insider.md §3.5.1, §10.2)."""

from datafly.integrations.insider.refusals import NO_CURRENCY, NO_PRICE, NO_PRODUCT_ID
from datafly.spec.choices import setting
from datafly.spec.convert import amount, amount_text, currency, quantity, taxonomy, text
from datafly.spec.nodes import const, first, first_line, obj, path, required, wanted
from datafly.spec.rest import Rest, rest

PRODUCT_ID = first(text(path("line.product_id")), text(path("line.sku")), text(path("line.variant_id")))
CURRENCY = first(
    currency(path("line.currency")), currency(path("properties.currency")), currency(setting("default_currency"))
)
PAID = amount(path("line.price"))
PRODUCT = {
    "product_id": PRODUCT_ID,
    "name": text(path("line.name")),
    "taxonomy": taxonomy(path("line.category")),
    "currency": CURRENCY,
    "unit_price": first(amount(path("line.list_price")), PAID),
    "unit_sale_price": PAID,
    "quantity": quantity(path("line.quantity")),
    "url": text(path("line.url")),
    "product_image_url": text(path("line.image_url")),
    "color": text(path("line.color")),
    "size": text(path("line.size")),
}
ONE_PRODUCT = {**PRODUCT, "product_id": required(PRODUCT_ID, NO_PRODUCT_ID)}
LINE = {
    **PRODUCT,
    "product_id": wanted(PRODUCT_ID, "no product_id, sku or variant_id; Insider cannot tell which product it is."),
    "currency": required(CURRENCY, NO_CURRENCY),
    "unit_sale_price": required(PAID, NO_PRICE),
    "quantity": first(quantity(path("line.quantity")), const(1)),
}

# Read in case there is no product_id, and custom parameters all the same.
_OTHER_IDS = ("sku", "variant_id")
REST_OF_LINE = rest("line", keep=_OTHER_IDS, unread="c_")


def rest_of_event(*keep: str) -> Rest:
    """The other properties, of an event with lines or about one product."""
    return rest("properties", keep=(*_OTHER_IDS, *keep), unread="c_")


# There is no parameter for totals: on every line as custom ones (contracts/insider.md §10.2, line-item rules).
TOTALS = obj(
    {
        f"order_{name}": amount(path(f"properties.{name}"))
        for name in ("total", "revenue", "subtotal", "tax", "discount")
    }
)
# On the first line only, so that a sum over lines is not multiplied (ours, ibid.).
ORDER_AMOUNTS = {
    "shipping_cost": first_line(amount_text(path("properties.shipping"))),
    "promotion_name": first_line(text(path("properties.promotion_name"))),
    "promotion_discount": first_line(amount(path("properties.promotion_discount"))),
    "voucher_name": first_line(text(path("properties.voucher_name"))),
    "voucher_discount": first_line(amount(path("properties.voucher_discount"))),
}

# An event that is sent under Insider's own name, e.g. confirmation_page_view, comes with Insider's own parameters.
NATIVE = {
    "unit_sale_price": "price",
    "unit_price": "list_price",
    "taxonomy": "category",
    "product_image_url": "image_url",
    "event_group_id": "cart_id",
}
NATIVE_ORDER = {**NATIVE, "event_group_id": "order_id"}
ALONE = (
    *("product_id", "name", "category", "list_price", "price", "quantity", "url", "image_url", "color", "size"),
    *("sku", "variant_id", "variant", "brand"),
)
ALONE_IF = ("product_id", "price")
