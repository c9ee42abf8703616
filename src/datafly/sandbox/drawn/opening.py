"""Where the API of a drawn sandbox stands, and what opens it: by the address and the headers that are declared."""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from datafly.sandbox.kit import Credential, Outcome
from datafly.sandbox.wire import Incoming
from datafly.spec.integration import Integration
from datafly.spec.request import TEMPLATE
from datafly.spec.setting import Address, SecretAddress

_ADDRESS: Final = re.compile(r"{(\w+)}(.*)")
_BYTES: Final = 16


class Opening(msgspec.Struct, frozen=True):
    """`prefix`: what stands before the path of every route. `fields`: the settings that are credentials, with their
    labels. `settings`: how each setting that leads here is written, see `rooms.Room`.
    """

    prefix: str
    fields: Mapping[str, str]
    settings: Mapping[str, str]


def opening_of(integration: Integration) -> Opening | None:
    """None where no setting says where requests go: nothing can then be sent elsewhere."""
    found = _ADDRESS.fullmatch(integration.base)
    address = integration.setting(found.group(1)) if found else None
    if found is None or not isinstance(address, Address | SecretAddress):
        return None
    told = " ".join([found.group(2), *integration.headers.values()])
    named = dict.fromkeys(name for name in TEMPLATE.findall(told) if name in integration.secret_names())
    fields = {name: _label(integration, name) for name in named}
    settings = {name: f"{{{name}}}" for name in fields}
    if isinstance(address, Address):
        return Opening(found.group(2), fields, {**settings, address.name: "{base}"})
    whole = f"/{address.name}/{{{address.name}}}"
    return Opening(
        whole + found.group(2),
        {address.name: _label(integration, address.name), **fields},
        {**settings, address.name: "{base}" + whole},
    )


def _label(integration: Integration, name: str) -> str:
    setting = integration.setting(name)
    return setting.title if setting else name


def made_key() -> str:
    return secrets.token_hex(_BYTES)


Authenticate = Callable[[Incoming, Mapping[str, str], Sequence[Credential]], Credential | Outcome]


def authenticator(integration: Integration, opening: Opening, refuse: Callable[[str], Outcome]) -> Authenticate:
    """By every secret that stands in the address or in a header; `refuse` is told which of them does not fit."""
    headers = {name.lower(): _pattern(text) for name, text in integration.headers.items() if TEMPLATE.search(text)}

    def authenticate(incoming: Incoming, match: Mapping[str, str], known: Sequence[Credential]) -> Credential | Outcome:
        told = {name: text for name, text in match.items() if name in opening.fields}
        for name, pattern in headers.items():
            found = pattern.fullmatch(incoming.headers.get(name, ""))
            if found is None:
                return refuse(f"the header {name}")
            told |= {field: text for field, text in found.groupdict().items() if field in opening.fields}
        fitting = (one for one in known if all(_same(text, one.values[field]) for field, text in told.items()))
        return next(fitting, None) or refuse(", ".join(opening.fields.values()))

    return authenticate


def _same(told: str, kept: str) -> bool:
    return hmac.compare_digest(told.encode(), kept.encode())


def _pattern(template: str) -> re.Pattern[str]:
    """The declared header, with any text in place of each setting."""
    parts, seen, written = TEMPLATE.split(template), set[str](), ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            written += re.escape(part)
        else:
            written += ".+" if part in seen else f"(?P<{part}>.+)"
            seen.add(part)
    return re.compile(written)
