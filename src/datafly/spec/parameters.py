"""`{{pipeline_param.KEY}}` in a config or overrides: what the pipeline says instead (contracts/signal.md §2, §10.6)."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from datafly.model.errors import Invalid
from datafly.model.overrides import Overrides
from datafly.model.secret import Secret
from datafly.model.wording import wrong
from datafly.spec.config import validate_config
from datafly.spec.integration import Integration

_NAMED: Final = re.compile(r"{{\s*pipeline_param\.([^{}\s]{1,255})\s*}}")
_MARK: Final = b"pipeline_param."

Parameters = Mapping[str, str]


def resolved_config(config: Mapping[str, Any], parameters: Parameters) -> dict[str, Any]:
    """Raises `Invalid` for a parameter that the pipeline has not."""
    return {name: _resolved(value, parameters, f"config.{name}") for name, value in config.items()}


def resolved_overrides(overrides: Overrides, parameters: Parameters) -> Overrides:
    """Raises `Invalid` as `resolved_config`, also where what stands there instead cannot."""
    if not overrides or _MARK not in msgspec.json.encode(overrides):
        return overrides
    try:
        return msgspec.convert(_resolved(msgspec.to_builtins(overrides), parameters, "overrides"), Overrides)
    except msgspec.ValidationError as error:
        raise Invalid(
            f"overrides: a parameter of the pipeline does not fit: {wrong(error, Overrides)}.", field="overrides"
        ) from error


def validate_with_parameters(
    integration: Integration, variant: str, delivery_mode: str, config: Mapping[str, Any], parameters: Parameters
) -> dict[str, Any]:
    """As `validate_config`, of what the parameters make of it; what is kept names them still."""
    given = {name: value for name, value in config.items() if value is not None}
    found = validate_config(integration, variant, delivery_mode, resolved_config(given, parameters))
    return {name: given[name] if _names_one(given[name]) else value for name, value in found.items()} | {
        name: Secret(given[name])
        for name in found
        if name in integration.secret_names() and isinstance(given[name], str) and _names_one(given[name])
    }


def _names_one(value: Any) -> bool:
    if isinstance(value, Secret):
        return _NAMED.search(value.reveal()) is not None
    if isinstance(value, list):
        return any(map(_names_one, value))
    return isinstance(value, str) and _NAMED.search(value) is not None


def _resolved(value: Any, parameters: Parameters, place: str) -> Any:
    if isinstance(value, str):
        return _filled(value, parameters, place)
    if isinstance(value, Secret):
        return Secret(_filled(value.reveal(), parameters, place)) if _names_one(value) else value
    if isinstance(value, list | tuple):
        return [_resolved(item, parameters, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {name: _resolved(item, parameters, f"{place}.{name}") for name, item in value.items()}
    return value


def _filled(text: str, parameters: Parameters, place: str) -> str:
    def filled(found: re.Match[str]) -> str:
        key = found[1]
        if key not in parameters:
            raise _missing(key, place, parameters)
        return parameters[key]

    return _NAMED.sub(filled, text)


def _missing(key: str, place: str, parameters: Parameters) -> Invalid:
    known = f"it has {', '.join(parameters)}" if parameters else "it has none"
    says = f"{place} names the parameter {key}, which the pipeline has not; {known}. Add it to the pipeline first."
    return Invalid(says, field=place, problems={place: says}, codes={place: "missing_parameter"}, parameter=key)
