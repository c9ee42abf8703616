"""Settings → a form, and a definition → its entry in the catalogue (contracts/signal.md §10.4)."""

from typing import Any

from datafly.spec.integration import Integration
from datafly.spec.setting import Choice, SettingKind


def config_fields(integration: Integration) -> list[dict[str, Any]]:
    return [_field(setting) for setting in integration.settings]


def catalog_entry(integration: Integration) -> dict[str, Any]:
    return {
        "key": integration.slug,
        "name": integration.name,
        "description": integration.summary,
        "category": integration.category.lower().replace(" ", "_"),
        "category_name": integration.category,
        "status": integration.stage,
        "website": integration.website,
        "consent_category": integration.consent,
        "consent_setting": integration.consent_by or None,
        "delivery_modes": list(integration.delivery_modes),
        "config_fields": config_fields(integration),
        "variants": [
            {"key": one.key, "name": one.name, "description": one.sentence, "default_config": one.defaults}
            for one in integration.variants
        ],
    }


def _field(setting: SettingKind) -> dict[str, Any]:
    field = {
        "key": setting.name,
        "label": setting.title,
        "type": setting.kind,
        "required": setting.must_be_given,
        "placeholder": "" if setting.example is None else str(setting.example),
        "help_text": setting.sentence,
        "default": setting.default,
        "advanced": setting.advanced,
        "schema": setting.form(),
    }
    if isinstance(setting, Choice):
        field["options"] = [{"value": option.value, "label": option.sentence} for option in setting.options]
    return field
