"""An installation's config: checked against the definition's settings, patched, and completed by defaults."""

from collections.abc import Iterator, Mapping
from typing import Any

from datafly.model.errors import Invalid
from datafly.model.secret import MASK, Secret
from datafly.spec.integration import NO_CONSENT, Integration
from datafly.spec.setting import Problem, SettingKind

Problems = dict[str, Problem]
"""Field (as in the body of a request: `config.api_key`, `variant`) → what is wrong with it."""


def validate_config(
    integration: Integration, variant: str, delivery_mode: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    """The config in the order of the settings, its secrets as `Secret`. Defaults are not filled in.

    A field that is None counts as not given. Raises `Invalid` with all that is wrong: `problems` (field → sentence),
    `codes` (field → missing, extra, type, empty, too_long, pattern, masked, choice, minimum, maximum, url, unknown) and
    `field`, the first of them.
    """
    given = {name: value for name, value in config.items() if value is not None}
    problems = {**_unknown(integration, variant, delivery_mode), **dict(_wrong(integration, given, variant))}
    if problems:
        raise _invalid(integration, problems)
    secrets = integration.secret_names()
    known = (setting.name for setting in integration.settings if setting.name in given)
    return {name: _sealed(given[name]) if name in secrets else given[name] for name in known}


def merge_config(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`old` with the named fields changed; `***` leaves a secret as it is, None takes a field away."""
    changed = {name: value for name, value in patch.items() if not _keeps(old.get(name), value)}
    return {name: value for name, value in {**old, **changed}.items() if value is not None}


def complete_config(
    integration: Integration, variant: str, config: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """What counts: the config, else `defaults` (the operator's), else the variant's, else the setting's own."""
    own = {setting.name: setting.default for setting in integration.settings if setting.default is not None}
    tuned = integration.variant(variant)
    return {**own, **(tuned.defaults if tuned else {}), **defaults, **config}


def consent_of(integration: Integration, config: Mapping[str, Any]) -> str | None:
    """The category that must be granted, None for none. `config` with its defaults."""
    if not integration.consent_by:
        return integration.consent
    category: str = config[integration.consent_by]
    return None if category == NO_CONSENT else category


def require_fitting(integration: Integration, config: Mapping[str, Any]) -> None:
    """Raises `Invalid` where a config that was valid once no longer is; a setting that is gone does no harm."""
    problems = {field: one for field, one in _wrong(integration, config, "") if one.code != "extra"}
    if problems:
        raise _invalid(integration, problems)


def masked_config(integration: Integration, config: Mapping[str, Any]) -> dict[str, Any]:
    """The config as a person may see it."""
    secrets = integration.secret_names()
    return {name: MASK if name in secrets or isinstance(value, Secret) else value for name, value in config.items()}


def secrets_sent_elsewhere(integration: Integration, old: Mapping[str, Any], patch: Mapping[str, Any]) -> list[str]:
    """The secrets that `patch` keeps although it changes an address: whoever is there would be sent them."""
    if not any(_is_changed(old.get(name), patch[name]) for name in integration.address_names() if name in patch):
        return []
    return sorted(name for name in integration.secret_names() & old.keys() if patch.get(name, MASK) == MASK)


def _unknown(integration: Integration, variant: str, delivery_mode: str) -> Problems:
    variants = [one.key for one in integration.variants]
    found = {"variant": (variant, variants), "delivery_mode": (delivery_mode, integration.delivery_modes)}
    return {
        field: Problem("unknown", f"{value!r} is not known; there is {', '.join(known)}")
        for field, (value, known) in found.items()
        if value not in known
    }


def _wrong(integration: Integration, given: Mapping[str, Any], variant: str) -> Iterator[tuple[str, Problem]]:
    whole = complete_config(integration, variant, given, {})
    for setting in integration.settings:
        if setting.name in given:
            problem = setting.problem(given[setting.name])
        else:
            problem = _missing(setting, whole) if setting.is_needed(whole) else None
        if problem:
            yield f"config.{setting.name}", problem
    known = [setting.name for setting in integration.settings]
    for name in given:
        if name not in known:
            yield f"config.{name}", Problem("extra", f"is no setting of {integration.name}; it has {', '.join(known)}")


def _missing(setting: SettingKind, whole: Mapping[str, Any]) -> Problem:
    if setting.needed_if is None:
        return Problem("missing", "is required")
    other = setting.needed_if[0]
    return Problem("missing", f"is required with {other}: {whole[other]}")


def _invalid(integration: Integration, problems: Problems) -> Invalid:
    sentences = {field: f"{field} {problem.says}." for field, problem in problems.items()}
    return Invalid(
        f"{integration.name} cannot be set up like this: {' '.join(sentences.values())}",
        field=next(iter(problems)),
        problems=sentences,
        codes={field: problem.code for field, problem in problems.items()},
    )


def _sealed(value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)


def _is_changed(old: Any, value: Any) -> bool:
    shown = old.reveal() if isinstance(old, Secret) else old
    return not _keeps(old, value) and (value.reveal() if isinstance(value, Secret) else value) != shown


def _keeps(old: Any, value: Any) -> bool:
    return isinstance(old, Secret) and value == MASK
