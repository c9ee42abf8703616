"""A function while it is written: a mapping becomes Python source, so that nothing is interpreted, little called."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from types import CodeType, FunctionType
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

import msgspec

from datafly.spec.words import Hint

SCOPE: Final = "scope"
"""The argument of every written function: the event at hand and what is said about it, see `spec.scope`."""
NOTHING: Final = "None"
"""The expression of what never has a value."""
_PREFACES: Final = {
    "properties": "properties = scope.properties",
    "traits": "traits = scope.traits",
    "group_traits": "group_traits = scope.group_traits",
    "context": "context = scope.event.context",
    "line": "line = scope.properties",
}
"""How a root that is an object comes into a function, written only where something reads it."""


class Writable(Protocol):
    """A part of a mapping, as `spec.nodes.Node`."""

    def write(self, source: "Source") -> str: ...
    def follows_line(self, making: "Making") -> bool: ...
    def never(self, making: "Making") -> bool: ...


class Making(msgspec.Struct, frozen=True):
    """What is known when a function is written: the installation's config, and the rule and identity at hand.

    `identity`: all fields of it, of which those in `identifiers` identify. `lines`: the function has a variable
    `lines`, see `spec.rule`. `reads`: the paths that the function reads, which are left out of any `spec.rest`.
    """

    config: Mapping[str, Any] = {}
    hints: Mapping[str, Hint] = {}
    params: Any = None
    event_name: Any = None
    identity: Mapping[str, Any] = {}
    identifiers: frozenset[str] = frozenset()
    lines: bool = False
    reads: frozenset[str] = frozenset()


class _Block:
    """Lines of one depth. `known`: what was written so far → its variable. `above`: in a loop, what it stands in."""

    def __init__(self, depth: int, outer: "_Block | None" = None, above: "_Block | None" = None) -> None:
        self.depth = depth
        self.lines: list[str] = []
        self.known: dict[str, str] = {}
        self.outer = outer
        self.above = above

    def find(self, key: str) -> str | None:
        found = self.known.get(key)
        return found if found or self.outer is None else self.outer.find(key)

    def add(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)


class Source:
    """The body of `def written(scope)`. Nodes write their statements and answer with the expression of their value.

    An expression is a variable, whose value is None where there is nothing, or a constant. What was written is not
    written again as long as it holds, and what is the same for every line stands before the loop over the lines.
    """

    def __init__(self, making: Making) -> None:
        self.making = making
        self._block = _Block(1)
        self._top = self._block
        self._roots: dict[str, None] = {}
        self._bound: dict[str, Any] = {}
        self._sure: set[str] = set()
        self._count = 0

    def value(self, node: Writable) -> str:
        """The expression of `node`, written here, before the loop, or already."""
        key = repr(node)
        found = self._block.find(key)
        if found is not None:
            return found
        above = self._block.above
        if above is not None and not node.follows_line(self.making):
            return self._written_in(above, node)
        written = node.write(self)
        self._block.known[key] = written
        return written

    def line(self, text: str) -> None:
        self._block.add(text)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Lines that run only if `condition` holds; what they find is not known after them."""
        outer = self._block
        self._block = _Block(outer.depth + 1, outer)
        yield
        outer.add(f"if {condition}:")
        outer.lines += self._block.lines or ["    " * (outer.depth + 1) + "pass"]
        self._block = outer

    @contextmanager
    def loop(self, head: str) -> Iterator[None]:
        """Lines for each line of an event."""
        outer = self._block
        self._block = _Block(outer.depth + 1, outer, above=outer)
        yield
        outer.add(f"{head}:")
        outer.lines += self._block.lines
        self._block = outer

    def name(self, word: str) -> str:
        """A variable that no other part of the function has."""
        self._count += 1
        return f"{word}_{self._count}"

    def bind(self, value: Any, word: str) -> str:
        """The name by which the function knows `value`, a constant or a function of ours."""
        for name, bound in self._bound.items():
            if bound is value:
                return name
        name = f"{word.upper()}_{len(self._bound)}"
        self._bound[name] = value
        return name

    def root(self, name: str) -> str:
        """The variable of an object of the event: `properties`, `traits`, `group_traits`, `context`, `line`."""
        self._roots[name] = None
        return name

    def sure(self, expression: str) -> str:
        """Says of an expression that it is never None."""
        self._sure.add(expression)
        return expression

    def is_sure(self, expression: str) -> bool:
        return expression in self._sure

    def is_nothing(self, node: Writable) -> bool:
        """Whether `node` never has a value as the config chooses."""
        return node.never(self.making)

    def is_there(self, expression: str) -> str:
        """The condition that it has a value."""
        return "True" if expression in self._sure else f"{expression} is not None"

    def text(self) -> str:
        prefaces = ["    " + preface for root, preface in _PREFACES.items() if root in self._roots]
        return "\n".join([f"def written({SCOPE}):", *prefaces, *self._top.lines, ""])

    def function(self, subject: str) -> Callable[[Any], Any]:
        """Compiled; `subject` is what a traceback calls it."""
        return FunctionType(_code(self.text(), f"<{subject}>"), dict(self._bound))

    def _written_in(self, block: _Block, node: Writable) -> str:
        here, self._block = self._block, block
        found = self.value(node)
        self._block = here
        return found


_codes: WeakValueDictionary[bytes, CodeType] = WeakValueDictionary()
_newest: deque[CodeType] = deque(maxlen=64)


def _code(text: str, name: str) -> CodeType:
    """Of the function that `text` defines. The text is ours: values are bound, never written into it.

    Installations of one vendor say much alike, and a revision changes little of what they say: code that any of them
    uses is there once, and that of the newest functions, a megabyte at most, is there for the next.
    """
    key = sha256(f"{name}\n{text}".encode()).digest()
    code = _codes.get(key)
    if code is None:
        (code,) = (one for one in compile(text, name, "exec").co_consts if isinstance(one, CodeType))
        _codes[key] = code
    _newest.append(code)
    return code


def literal(value: str | float) -> str:
    """A constant as source. Keys of vendors' objects are such, too, so nothing else may be written into it."""
    return repr(value)
