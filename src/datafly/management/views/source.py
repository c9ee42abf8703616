"""Webhook sources and the signing secret as the API takes and shows them (contracts/signal.md §4.3, §4.8)."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from datafly.management.views.naming import Name
from datafly.management.views.script import UNKNOWN_GATEWAY
from datafly.management.views.times import moment
from datafly.model.secret import MASK, Secret
from datafly.model.source import Source, WebhookKind, WebhookVerify, webhook_path

Told = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=1_000, description="What its sender signs with; never shown again."),
]
Header = Annotated[
    str, msgspec.Meta(max_length=200, description="Of a custom one: which header has the signature or the secret.")
]
Path = Annotated[str, msgspec.Meta(max_length=300)]
EventTypePath = Annotated[
    str, msgspec.Meta(max_length=300, description="Where the payload names the event, such as `$.type`.")
]
Mappings = Annotated[
    dict[Annotated[str, msgspec.Meta(min_length=1, max_length=300)], Path],
    msgspec.Meta(
        max_length=500,
        description="Path in the event → path in the payload: `properties.amount` → `$.data.amount`. Empty: all of the "
        "payload is the properties.",
    ),
]


class SourceView(msgspec.Struct, frozen=True):
    """Another product whose webhooks become events of the pipeline. `url`: where it must post to; where Signal does not
    know the address of your gateway (setting `gateway_url`), put its host in place of YOUR_GATEWAY before `path`.

    `verify`, `header`: of a custom one: `hmac` of the body in that header, the `secret` itself, or `none` is asked for.
    """

    id: str
    pipeline_id: str
    name: str
    kind: str
    path: str
    url: str
    secret: str | None
    verify: str
    header: str
    event_type_path: str
    mappings: dict[str, str]
    created_at: datetime


class SourceBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source to be. Without a `name` it is called by its kind. `verify`, `header`: only of a custom one."""

    kind: WebhookKind
    name: Name | None = None
    secret: Told | None = None
    verify: WebhookVerify = "hmac"
    header: Header = ""
    event_type_path: EventTypePath = ""
    mappings: Mappings = {}


class SourceChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Fields that are not named stay as they are; those that are named are replaced whole."""

    name: Name | UnsetType = UNSET
    secret: Told | UnsetType = UNSET
    verify: WebhookVerify | UnsetType = UNSET
    header: Header | UnsetType = UNSET
    event_type_path: EventTypePath | UnsetType = UNSET
    mappings: Mappings | UnsetType = UNSET


class SigningSecretView(msgspec.Struct, frozen=True):
    """That there is one, and since when: it was shown when it was made."""

    made_at: datetime


class NewSigningSecret(SigningSecretView, frozen=True, kw_only=True):
    """`signing_secret` is shown this once."""

    signing_secret: str


def source_view(source: Source, gateway_url: str) -> SourceView:
    path = webhook_path(source)
    return SourceView(
        id=source.id,
        pipeline_id=source.pipeline_id,
        name=source.name,
        kind=source.kind,
        path=path,
        url=f"{gateway_url or UNKNOWN_GATEWAY}{path}",
        secret=MASK if source.secret else None,
        verify=source.verify,
        header=source.header,
        event_type_path=source.event_type_path,
        mappings=source.mappings,
        created_at=moment(source.created_ms),
    )


def new_source(body: SourceBody, pipeline_id: str) -> Source:
    """Its id is made when it is added."""
    told = msgspec.structs.asdict(body) | {"name": body.name or "", "secret": _secret(body.secret)}
    return Source(id="", pipeline_id=pipeline_id, **told)


def source_changes(body: SourceChange) -> dict[str, Any]:
    told = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    return told | ({"secret": _secret(told["secret"])} if "secret" in told else {})


def _secret(text: str | None) -> Secret | None:
    return Secret(text) if text else None
