"""Products, carts and orders by the names that Klaviyo's flows read (§1.9)."""

from datafly.spec.choices import setting
from datafly.spec.combine import distinct, times
from datafly.spec.convert import amount, currency, number, quantity, taxonomy, text
from datafly.spec.nodes import Node, const, first, list_of, merged, obj, path, wanted
from datafly.spec.parts import each_line

ID = first(text(path("line.product_id")), text(path("line.sku")), text(path("line.variant_id")))
NAME = text(path("line.name"))
SKU = text(path("line.sku"))
PRICE = amount(path("line.price"))
QUANTITY = first(quantity(path("line.quantity")), const(1))
ROW_TOTAL = times(PRICE, QUANTITY)
CATEGORIES = taxonomy(path("line.category"))
IMAGE = text(path("line.image_url"))
URL = text(path("line.url"))
BRAND = text(path("line.brand"))
TOTAL = first(number(path("properties.total")), number(path("properties.revenue")), number(path("properties.value")))
CURRENCY = first(
    currency(path("line.currency")), currency(path("properties.currency")), currency(setting("default_currency"))
)
ORDER_CURRENCY = first(currency(path("properties.currency")), currency(setting("default_currency")))

_NO_ID = "no product_id, sku or variant_id; Klaviyo cannot tell which product it is."
KNOWN_ID = wanted(ID, _NO_ID)
CHECKOUT_URL = text(path("properties.checkout_url"))

VIEWED = {
    "ProductName": NAME,
    "ProductID": KNOWN_ID,
    "SKU": SKU,
    "Categories": CATEGORIES,
    "ImageURL": IMAGE,
    "URL": first(URL, text(path("context.page.url"))),
    "Brand": BRAND,
    "Price": PRICE,
    "CompareAtPrice": amount(path("line.list_price")),
}
_ITEM = {
    "ProductID": KNOWN_ID,
    "SKU": SKU,
    "ProductName": NAME,
    "Quantity": QUANTITY,
    "ItemPrice": PRICE,
    "RowTotal": ROW_TOTAL,
    "ProductURL": URL,
    "ImageURL": IMAGE,
    "ProductCategories": CATEGORIES,
}
ADDED = {
    "AddedItemProductName": NAME,
    "AddedItemProductID": KNOWN_ID,
    "AddedItemSKU": SKU,
    "AddedItemCategories": CATEGORIES,
    "AddedItemImageURL": IMAGE,
    "AddedItemURL": URL,
    "AddedItemPrice": PRICE,
    "AddedItemQuantity": QUANTITY,
    "ItemNames": list_of(NAME),
    "CheckoutURL": CHECKOUT_URL,
    # The cart as a whole is not told with it; of what was put in, this is all.
    "Items": list_of(obj(_ITEM)),
}


def items(own: Node) -> Node:
    """`own`: what a line has beside."""
    return each_line(merged(own, obj(_ITEM)))


ITEM_NAMES = distinct(each_line(NAME))
ALL_CATEGORIES = distinct(each_line(CATEGORIES))
ALL_BRANDS = distinct(each_line(BRAND))
ORDERED = {
    "ProductName": NAME,
    "ProductID": KNOWN_ID,
    "SKU": SKU,
    "Quantity": QUANTITY,
    "ProductURL": URL,
    "ImageURL": IMAGE,
    "Categories": CATEGORIES,
    "ProductBrand": BRAND,
}
