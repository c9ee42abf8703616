"""The document read, with all that has the wrong shape told at once, each with its place."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from datafly.management.declared.shapes import (
    Declaration,
    DeclaredAlert,
    DeclaredChannel,
    DeclaredInstallation,
    DeclaredIntegration,
    DeclaredPipeline,
    DeclaredWebhook,
)
from datafly.management.views.naming import Name
from datafly.model.errors import Invalid
from datafly.model.wording import wrong

Keys = tuple[str, ...]
"""A place in the document: the keys that lead there; an index of a list is a key too."""

V = TypeVar("V")
_SECTIONS: Final[Mapping[str, type[Any]]] = {
    "pipelines": DeclaredPipeline,
    "integrations": DeclaredIntegration,
    "webhooks": DeclaredWebhook,
    "alerts": DeclaredAlert,
    "alert_channels": DeclaredChannel,
}


class Problems:
    """Collects what is wrong, each with its place, so that all of it is told at once."""

    def __init__(self) -> None:
        self._found: list[tuple[Keys, str]] = []

    def add(self, keys: Keys, says: str) -> None:
        self._found.append((keys, says))

    def attempt(self, keys: Keys, do: Callable[[], V]) -> V | None:
        """None where it raises `Invalid`; its field is looked for below `keys`."""
        try:
            return do()
        except Invalid as error:
            told: Mapping[str, str] = error.details.get("problems") or {error.details.get("field", ""): error.message}
            for field, says in told.items():
                self.add((*keys, *_split(field)), says)
            return None

    def require_none(self) -> None:
        if self._found:
            raise _invalid(self._found)


def read(told: Any) -> Declaration:
    """Raises `Invalid`, with all that has the wrong shape: `problems`, a list of `path` (keys) and `message`."""
    problems = Problems()
    if not isinstance(told, Mapping):
        raise _invalid([((), f"The document must be a mapping with version, {', '.join(_SECTIONS)}, consent.")])
    sections: dict[str, Any] = {}
    for name, kind in _SECTIONS.items():
        if name in told:
            sections[name] = _entries(told[name], kind, (name,), problems)
    rest = {name: value for name, value in told.items() if name not in sections}
    head = _converted(rest, Declaration, (), problems)
    problems.require_none()
    return msgspec.structs.replace(head or Declaration(), **sections)


def plain(declaration: Declaration) -> dict[str, Any]:
    """As JSON and YAML have it: what has its default is left out."""
    told: dict[str, Any] = msgspec.to_builtins(declaration)
    return told


def _entries(told: Any, kind: type[Any], keys: Keys, problems: Problems) -> dict[str, Any]:
    if not isinstance(told, Mapping):
        problems.add(keys, f"{keys[-1]} must be a mapping: name to what it is; write {{}} for none.")
        return {}
    found = {name: _entry(value, kind, (*keys, name), problems) for name, value in told.items()}
    for name in told:
        _converted(name, Name, (*keys, name), problems)
    return {name: value for name, value in found.items() if value is not None}


def _entry(told: Any, kind: type[Any], keys: Keys, problems: Problems) -> Any:
    if kind is not DeclaredIntegration or not isinstance(told, Mapping) or not isinstance(told.get("pipelines"), dict):
        return _converted({} if told is None else told, kind, keys, problems)
    on = _entries(told["pipelines"], DeclaredInstallation, (*keys, "pipelines"), problems)
    stand_in: dict[str, Any] = {name: {} for name in told["pipelines"]}
    whole = _converted({**told, "pipelines": stand_in}, kind, keys, problems)
    return whole and msgspec.structs.replace(whole, pipelines=on)


def _converted(told: Any, kind: Any, keys: Keys, problems: Problems) -> Any:
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        found = wrong(error, kind)
        problems.add((*keys, *_split(found.path)), f"{found.says}.")
        return None


def _split(path: str) -> Keys:
    """`config.api_key`, `.mappings[0].source`: up to a name that msgspec does not tell."""
    return tuple(part for part in re.split(r"[.\[\]]+", path.partition("[...]")[0]) if part)


def shown(keys: Keys) -> str:
    """`integrations › Insider › config › api_key`."""
    return " › ".join(keys) or "the document"


def _invalid(found: list[tuple[Keys, str]]) -> Invalid:
    sentences = [f"{shown(keys)}: {says}" for keys, says in found]
    listed = [{"path": list(keys), "message": says} for keys, says in found]
    return Invalid(" ".join(sentences), field=".".join(found[0][0]), problems=listed)
