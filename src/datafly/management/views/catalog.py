"""A vendor of the catalogue as the API shows it: what its definition's faces draw (contracts/signal.md §10.4)."""

from typing import Any

import msgspec

from datafly.spec.faces import catalog_entry, config_schema, curl_install
from datafly.spec.integration import IdentityRow, Integration, SeeAlso, Step


class OptionView(msgspec.Struct, frozen=True):
    value: str
    label: str


class ConfigField(msgspec.Struct, frozen=True):
    """`type`: string, secret, select, boolean, number. `options` are those of a select; `schema` is JSON Schema."""

    key: str
    label: str
    type: str
    required: bool
    placeholder: str
    help_text: str
    default: Any
    advanced: bool
    schema: dict[str, Any]
    options: tuple[OptionView, ...] = ()


class VariantView(msgspec.Struct, frozen=True):
    key: str
    name: str
    description: str
    default_config: dict[str, Any]


class MappingRow(msgspec.Struct, frozen=True):
    """A row of the integration's Event Mapping table."""

    event: str
    concept: str
    note: str


class IdentityField(msgspec.Struct, frozen=True):
    """A row of the integration's Identity table."""

    field: str
    source: str
    note: str


class Trouble(msgspec.Struct, frozen=True):
    """A row of the integration's Troubleshooting table."""

    symptom: str
    cause: str
    resolution: str


class Prerequisite(msgspec.Struct, frozen=True):
    """Something to do in the vendor's own panel first. `steps` are numbered, `choices` are not."""

    title: str
    text: str
    steps: tuple[str, ...]
    choices: tuple[str, ...]


class Vendor(msgspec.Struct, frozen=True):
    """`status`: alpha, beta, stable. `consent_category` must be granted, null for none, unless the setting
    `consent_setting` says another. `installed`: how often it is.

    `config_schema` is what a `config` must be; `install_call` shows a call that installs it.
    """

    key: str
    name: str
    description: str
    category: str
    category_name: str
    status: str
    website: str
    documentation: str
    consent_category: str | None
    consent_setting: str | None
    delivery_modes: tuple[str, ...]
    config_fields: tuple[ConfigField, ...]
    config_schema: dict[str, Any]
    variants: tuple[VariantView, ...]
    install_call: str
    prerequisites: tuple[Prerequisite, ...]
    event_mapping: tuple[MappingRow, ...]
    identity: tuple[IdentityField, ...]
    verify: tuple[str, ...]
    troubleshooting: tuple[Trouble, ...]
    see_also: tuple[SeeAlso, ...]
    installed: int


def vendor_view(integration: Integration, installed: int) -> Vendor:
    words = {
        "documentation": integration.reference,
        "config_schema": config_schema(integration),
        "install_call": curl_install(integration),
        "prerequisites": tuple(_prerequisite(step) for step in integration.prerequisites),
        "event_mapping": tuple(MappingRow(rule.event, rule.concept, rule.note) for rule in integration.rules),
        "identity": tuple(_identity(row) for row in integration.identity),
        "verify": integration.verify,
        "troubleshooting": _troubles(integration),
        "see_also": integration.see_also,
        "installed": installed,
    }
    return msgspec.convert({**catalog_entry(integration), **words}, Vendor)


def _prerequisite(step: Step) -> Prerequisite:
    return Prerequisite(step.title, step.text, step.steps, step.choices)


def _identity(row: IdentityRow) -> IdentityField:
    return IdentityField(row.field, row.source, row.note)


def _troubles(integration: Integration) -> tuple[Trouble, ...]:
    failures = [Trouble(one.symptom, one.cause, one.cure) for one in integration.failures if one.common]
    return (*failures, *(Trouble(hint.symptom, hint.cause, hint.cure) for hint in integration.hints))
