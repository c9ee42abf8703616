"""A definition's settings as the fields of a form, and the form's answer as a config."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from datafly.model.errors import Invalid
from datafly.model.secret import MASK
from datafly.spec.integration import Integration
from datafly.spec.setting import Choice, Flag, Headers, Names, Number, SecretHeaders, SettingKind, Template

Form = NamedDependency[SkipValidation[FormMultiDict]]
Text = Annotated[str, msgspec.Meta(max_length=1_000)]
_PREFIX: Final = "config."


class Field(msgspec.Struct, frozen=True):
    """One field as it is drawn. `control`: text, password, number, select, lines. `options`: (value, words).

    `note`: what stands behind its help. `needed`: with which choice of another field it must be given.
    """

    name: str
    key: str
    label: str
    help: str
    control: str
    required: bool
    advanced: bool
    value: str
    placeholder: str
    problem: str
    options: tuple[tuple[str, str], ...] = ()
    kept: bool = False
    note: str = ""
    needed: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: str = ""


def lines(form: Mapping[str, Any], name: str) -> list[str]:
    """Those that have something on them."""
    return [line.strip() for line in str(form.get(name, "")).splitlines() if line.strip()]


def pairs(form: Mapping[str, Any], name: str, wanted: str) -> dict[str, str]:
    """One per line. Raises `Invalid` where a line is not as `wanted` (NAME=value)."""
    found = {}
    for line in lines(form, name):
        key, sign, value = line.partition("=")
        if not sign or not key.strip():
            raise Invalid(f"{name}: write {wanted}, one per line, not “{line[:100]}”.", field=name)
        found[key.strip()] = value.strip()
    return found


def fields_of(
    integration: Integration, given: Mapping[str, Any], problems: Mapping[str, str], *, kept: bool = False
) -> list[Field]:
    """`given`: what is set, or what was typed; of secrets only whether. `kept`: an empty secret stays as it is."""
    return [_field(integration, setting, given, problems, kept=kept) for setting in integration.settings]


def config_of(integration: Integration, form: Mapping[str, Any], *, kept: bool = False) -> dict[str, Any]:
    """What the form says of each setting; None where it says nothing, `***` for a secret that is `kept`."""
    return {one.name: _said(one, str(form.get(_PREFIX + one.name, "")), kept=kept) for one in integration.settings}


def problem_of(integration: Integration, name: str, text: str, *, kept: bool = False) -> str:
    """What is wrong with one field, as a sentence; "" if nothing is, or nothing is known of the field."""
    setting = integration.setting(name.removeprefix(_PREFIX))
    if setting is None:
        return ""
    value = _said(setting, text, kept=kept)
    if value is None:
        return sentence(setting, "is required") if setting.must_be_given else ""
    problem = None if value == MASK and kept else setting.problem(value)
    return sentence(setting, problem.says) if problem else ""


def problems_of(integration: Integration, details: Mapping[str, Any]) -> dict[str, str]:
    """`details` of an `Invalid` → the sentence under each field."""
    found: dict[str, str] = dict(details.get("problems", {}))
    for setting in integration.settings:
        name = _PREFIX + setting.name
        if name in found:
            found[name] = sentence(setting, found[name].removeprefix(f"{name} ").rstrip("."))
    return found


def sentence(setting: SettingKind, says: str) -> str:
    return f"{setting.title} {says}."


def _said(setting: SettingKind, text: str, *, kept: bool) -> Any:
    text = text.strip()
    if isinstance(setting, Names):
        return [line.strip() for line in text.splitlines() if line.strip()] or None
    if not text:
        return MASK if kept and setting.kind == "secret" else None
    if isinstance(setting, Flag):
        return {"true": True, "false": False}.get(text, text)
    return _numbered(text) if isinstance(setting, Number) else text


def _numbered(text: str) -> float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _field(
    integration: Integration, setting: SettingKind, given: Mapping[str, Any], problems: Mapping[str, str], *, kept: bool
) -> Field:
    value, name = given.get(setting.name), _PREFIX + setting.name
    secret = setting.kind == "secret"
    number = setting if isinstance(setting, Number) else None
    return Field(
        name=name,
        key=setting.name,
        label=setting.title,
        help=setting.sentence,
        control=_control(setting),
        required=setting.must_be_given,
        advanced=setting.advanced,
        value="" if secret else _shown(value),
        placeholder=_placeholder(setting),
        problem=problems.get(name, ""),
        options=_options(setting),
        kept=kept and secret and value is not None,
        note="One per line." if _control(setting) == "lines" and not isinstance(setting, Template) else "",
        needed=_needed(integration, setting),
        minimum=number.minimum if number else None,
        maximum=number.maximum if number else None,
        step=("1" if number.whole else "any") if number else "",
    )


def _needed(integration: Integration, setting: SettingKind) -> str:
    if setting.needed_if is None:
        return ""
    name, options = setting.needed_if
    other = integration.setting(name)
    return f"with {other.title if other else name}: {' or '.join(options)}"


def _control(setting: SettingKind) -> str:
    if isinstance(setting, Choice | Flag):
        return "select"
    if isinstance(setting, Names | Headers | SecretHeaders | Template):
        return "lines"
    if isinstance(setting, Number):
        return "number"
    return "password" if setting.kind == "secret" else "text"


def _options(setting: SettingKind) -> tuple[tuple[str, str], ...]:
    """The first stands for what counts where nothing is chosen: the variant's, else the setting's own."""
    default = ("", "As the variant has it")
    if isinstance(setting, Choice):
        return (default, *((one.value, f"{one.value}: {one.sentence}") for one in setting.options))
    return (default, ("true", "Yes"), ("false", "No")) if isinstance(setting, Flag) else ()


def _placeholder(setting: SettingKind) -> str:
    if setting.example is not None:
        return str(setting.example)
    return "" if setting.default is None or isinstance(setting, Choice | Flag) else str(setting.default)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
