"""What pages say of who posts signed requests: of each kind of sender, and how those of a pipeline stand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from datafly.management import sourcing
from datafly.management.services import Composed
from datafly.management.views.source import SourceView, source_view
from datafly.management.views.times import moment


class Sender(msgspec.Struct, frozen=True):
    """`put`: what to do with the address. `secret`: which one it signs with. `event`: what names an event by itself."""

    label: str
    put: str
    secret: str
    event: str


SENDERS: Final[Mapping[str, Sender]] = {
    "shopify": Sender(
        "Shopify",
        "In Shopify, make a webhook of the format JSON with this address (Settings, Notifications, Webhooks).",
        "What Shopify says there that your webhooks are signed with. Of webhooks that an app made: its client secret.",
        "the topic, such as orders/create",
    ),
    "stripe": Sender(
        "Stripe",
        "In Stripe, add a webhook endpoint with this address, and choose which events it is told.",
        "The signing secret of that endpoint. It begins with whsec_.",
        "the type, such as invoice.paid",
    ),
    "hubspot": Sender(
        "HubSpot",
        "In HubSpot, make this address the target URL of your app’s webhooks. A proxy before the gateway must pass "
        "Host on.",
        "The client secret of that app.",
        "the subscription type, such as contact.creation",
    ),
    "custom": Sender(
        "another product",
        "Have it post JSON to this address: an object for each event, or an array of them.",
        "What you have agreed on with it. Empty where it proves nothing.",
        "its type",
    ),
}


class Signing(msgspec.Struct, frozen=True):
    """`secret`: only just after it was made. `etag` is empty where there is none."""

    secret: str
    made_at: datetime | None
    etag: str


def signing_shown(services: Composed, pipeline_id: str, secret: str) -> Signing:
    source = sourcing.signing(services.control, pipeline_id)
    if source is None:
        return Signing("", None, "")
    return Signing(secret, moment(source.created_ms), services.control.etag(source))


def sources_shown(services: Composed, pipeline_id: str) -> list[SourceView]:
    """The oldest first."""
    known = sourcing.webhooks(services.control, pipeline_id)
    return [source_view(one, services.settings.gateway_url) for one in known]
