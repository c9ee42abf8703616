"""What an operator may change of the mapping to Insider (contracts/insider.md §3.4, §3.5.1).

Identifiers, contact data and consent are not among it: who a user is and what she chose is told in one way.
"""

from datafly.integrations.insider.refusals import RESERVED
from datafly.integrations.insider.taxonomy import RESERVED_EVENTS, own_event
from datafly.spec.choices import barred
from datafly.spec.convert import event_name
from datafly.spec.integration import Overridable, Place
from datafly.spec.nodes import path

OWN_EVENT = own_event(barred(event_name(path("event")), RESERVED_EVENTS, RESERVED))

_NAME = r"[a-z][a-z0-9_]{0,254}"
_SAID = "is a letter, then a-z, 0-9 and “_”, and does not begin with c_"
_TEXTS = ("product_id", "name", "url", "product_image_url", "event_group_id", "color", "size", "promotion_name")
_MORE_TEXTS = ("voucher_name", "locale", "session_id", "referrer", "device_type", "user_agent")
_PERSON = ("name", "surname", "gender", "city", "lo", "locale", "timezone")
_DEVICE = ("app_version", "idfa", "model", "last_ip", "carrier", "os_version", "platform")

OVERRIDABLE = Overridable(
    OWN_EVENT,
    (
        Place(
            "event_params",
            "events.event_params",
            "Insider's own parameters of an event.",
            {
                **dict.fromkeys((*_TEXTS, *_MORE_TEXTS), "text"),
                "taxonomy": "taxonomy",
                "currency": "currency",
                "unit_price": "amount",
                "unit_sale_price": "amount",
                "quantity": "quantity",
                "stock": "number",
                "shipping_cost": "amount_text",
                "promotion_discount": "amount",
                "voucher_discount": "amount",
            },
        ),
        Place(
            "event_params.custom",
            "events.event_params.custom",
            "Parameters of your own; they must be registered at Insider under Attributes and Events.",
            own_names=rf"(?!c_){_NAME}",
            own_names_say=_SAID,
        ),
        Place(
            "attributes",
            "attributes",
            "Insider's own attributes of the user.",
            {
                **dict.fromkeys((*_PERSON, *_DEVICE), "text"),
                "birthday": "day",
                "age": "number",
                "language": "language",
                "country": "country",
                **dict.fromkeys(("email_optin", "sms_optin", "whatsapp_optin"), "flag"),
            },
        ),
        Place(
            "attributes.custom",
            "attributes.custom",
            "Attributes of your own; they must be registered at Insider under Attributes and Events.",
            own_names=rf"(?!c_|consent_|(?:uuid|user_id|email|phone_number)$){_NAME}",
            own_names_say=f"{_SAID} or consent_, and is none of uuid, user_id, email, phone_number",
        ),
    ),
)
