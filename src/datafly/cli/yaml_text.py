"""The document as YAML: read with the line of every place, written so that it reads back as the same."""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from datafly.model.errors import Invalid

Keys = tuple[str, ...]
MOST_BYTES: Final = 5_000_000
_MOST_NODES: Final = 200_000
_DEEPEST: Final = 50
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_FLOAT: Final = "tag:yaml.org,2002:float"


class Text(msgspec.Struct, frozen=True):
    """`lines`: where each value stands, by the keys that lead there; a mapping's is the line of its name."""

    told: Any
    lines: Mapping[Keys, int]

    def line(self, keys: Keys) -> int:
        """Of the value, or of what it would stand in."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)


def parse(text: str) -> Text:
    """YAML of JSON's values: `yes`, `on` and dates are text, a name stands once. Raises `Invalid` with the line."""
    if len(text) > MOST_BYTES:
        raise Invalid(f"The document is larger than {MOST_BYTES} characters.")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise _refused(mark.line + 1 if mark else 1, f"this is no YAML: {problem}.") from error
    except RecursionError as error:
        raise _refused(1, "it is nested too deeply.") from error
    reading = _Reading()
    return Text(reading.value(root, ()) if root else {}, reading.lines)


def write(told: Mapping[str, Any], head: list[str]) -> str:
    """`head`: comments, one a line."""
    comments = "".join(f"# {line}".rstrip() + "\n" for line in head)
    body = yaml.dump(dict(told), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return f"{comments}{body}"


def problems(text: Text, file: Path | str, error: Invalid) -> list[str]:
    """`signal.yaml:12: integrations › Insider › vendor: there is no integration …`, one for each."""
    found = error.details.get("problems")
    if not isinstance(found, list):
        return [f"{file}: {error.message}"]
    told = [(text.line(tuple(one["path"])), tuple(one["path"]), one["message"]) for one in found]
    return [f"{file}:{line}: {' › '.join(keys)}{': ' if keys else ''}{says}" for line, keys, says in sorted(told)]


class _Reading:
    def __init__(self) -> None:
        self.lines: dict[Keys, int] = {}
        self._nodes = 0

    def value(self, node: yaml.Node, keys: Keys) -> Any:
        line = node.start_mark.line + 1
        self._count(line, keys)
        self.lines.setdefault(keys, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(one, (*keys, str(index))) for index, one in enumerate(node.value)]
        return _scalar(node) if node.style is None else str(node.value)

    def _mapping(self, node: yaml.MappingNode, keys: Keys) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            name = name_node.value
            if not isinstance(name, str):
                raise _refused(line, "a name must be text.")
            if name in told:
                raise _refused(line, f"{name} stands twice.")
            self.lines[(*keys, name)] = line
            told[name] = self.value(value_node, (*keys, name))
        return told

    def _count(self, line: int, keys: Keys) -> None:
        """An alias may stand for a whole that it is in, or for one that is thousands."""
        self._nodes += 1
        if self._nodes > _MOST_NODES or len(keys) > _DEEPEST:
            raise _refused(line, "there is too much in it, or it is nested too deeply.")


def _scalar(node: yaml.Node) -> Any:
    """A plain word is what it is in JSON, else text."""
    said = str(node.value)
    if said in _WORDS:
        return _WORDS[said]
    found = _NUMBER.fullmatch(said)
    if not found:
        return said
    return float(said) if found[2] or found[3] else int(said)


def _refused(line: int, says: str) -> Invalid:
    return Invalid(f"line {line}: {says}", line=line)


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML tells no types
    """Quotes what `parse` would not read as text."""

    def ignore_aliases(self, data: Hashable) -> bool:  # noqa: ARG002  whole values, wherever they stand
        return True


_Dumper.add_implicit_resolver(_FLOAT, re.compile(f"^(?:{_NUMBER.pattern})$"), list("-0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~||null)$"), ["~", "n", ""])
