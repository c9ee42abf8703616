"""A vendor of the catalogue as the API shows it (contracts/signal.md §10.4), drawn from its definition."""

import re
from typing import Any

import msgspec

from datafly.spec.integration import Integration, SeeAlso, Step
from datafly.spec.setting import Choice, SettingKind


class OptionView(msgspec.Struct, frozen=True):
    value: str
    label: str


class ConfigField(msgspec.Struct, frozen=True):
    """`type`: string, secret, select, boolean, number. `options` are those of a select."""

    key: str
    label: str
    type: str
    required: bool
    placeholder: str | None
    help_text: str
    default: Any
    advanced: bool
    options: list[OptionView]


class VariantView(msgspec.Struct, frozen=True):
    key: str
    name: str
    description: str
    default_config: dict[str, Any]


class Mapping(msgspec.Struct, frozen=True):
    """A row of the integration's Event Mapping table."""

    event: str
    concept: str
    note: str


class Trouble(msgspec.Struct, frozen=True):
    """A row of the integration's Troubleshooting table."""

    symptom: str
    cause: str
    resolution: str


class Vendor(msgspec.Struct, frozen=True):
    """`status`: alpha, beta, ga. `consent_category` must be granted, null for none. `installed`: how often it is."""

    key: str
    name: str
    description: str
    category: str
    category_name: str
    status: str
    website: str
    documentation: str
    consent_category: str | None
    delivery_modes: tuple[str, ...]
    config_fields: list[ConfigField]
    variants: list[VariantView]
    prerequisites: tuple[Step, ...]
    event_mapping: list[Mapping]
    troubleshooting: list[Trouble]
    verify: tuple[str, ...]
    see_also: tuple[SeeAlso, ...]
    installed: int


def vendor_view(integration: Integration, installed: int) -> Vendor:
    return Vendor(
        key=integration.slug,
        name=integration.name,
        description=integration.summary,
        category=re.sub(r"[^a-z0-9]+", "_", integration.category.lower()).strip("_"),
        category_name=integration.category,
        status=integration.stage,
        website=integration.website,
        documentation=integration.reference,
        consent_category=integration.consent,
        delivery_modes=integration.delivery_modes,
        config_fields=[_field(setting) for setting in integration.settings],
        variants=[VariantView(one.key, one.name, one.sentence, one.defaults) for one in integration.variants],
        prerequisites=integration.prerequisites,
        event_mapping=[Mapping(rule.event, rule.concept, rule.note) for rule in integration.rules],
        troubleshooting=_troubles(integration),
        verify=integration.verify,
        see_also=integration.see_also,
        installed=installed,
    )


def _field(setting: SettingKind) -> ConfigField:
    options = setting.options if isinstance(setting, Choice) else ()
    return ConfigField(
        key=setting.name,
        label=setting.title,
        type=setting.kind,
        required=setting.must_be_given,
        placeholder=None if setting.example is None else str(setting.example),
        help_text=setting.sentence,
        default=setting.default,
        advanced=setting.advanced,
        options=[OptionView(option.value, option.sentence) for option in options],
    )


def _troubles(integration: Integration) -> list[Trouble]:
    failures = [Trouble(one.symptom, one.cause, one.cure) for one in integration.failures if one.common]
    return failures + [Trouble(hint.symptom, hint.cause, hint.cure) for hint in integration.hints]
