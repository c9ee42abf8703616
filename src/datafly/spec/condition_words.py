"""What the parser of conditions says, in words for whoever writes one; its own are names of its grammar."""

import re
from typing import Final

_WORDS: Final = {"and": "&&", "or": "||", "=": "=="}
"""What other languages write → what this one does."""
_VALUE: Final = r" expecting \{.*"
_SAID: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (rf"(?:mismatched|extraneous) input '<EOF>'{_VALUE}", "ends where a value should follow"),
        (r"missing '(?P<part>.)' at '<EOF>'", "ends before its “{part}”"),
        (r"missing '(?P<part>.)' at '(?P<text>.*)'", "has no “{part}” before “{text}”"),
        (rf"(?:mismatched|extraneous) input '(?P<text>.*)'{_VALUE}", "has “{text}” where a value should stand"),
        (
            r"(?:mismatched|extraneous) input '(?P<text>.*)' expecting .*",
            "has “{text}” where it should end, or go on with && or ||",
        ),
        (r"token recognition error at: '(?P<text>[\"'].*)'", "has a text whose quotation mark is not closed: {text}"),
        (r"token recognition error at: '(?P<text>.*)'", "has “{text}”, which is no part of the language"),
        (r"no viable alternative at input '(?P<text>.*)'", "has “{text}”, which is no part of the language"),
        (
            r"undeclared reference to '(?P<text>.*)'",
            "reads {text}, which is not there; there is {known}, and in them e.g. properties.{text}",
        ),
        (
            r"found no matching overload for '_?(?P<text>.+?)_?' applied to '\((?P<kinds>.*)\)'",
            "uses {text} on {kinds}, which it cannot be used on",
        ),
    )
)


def worded(said: str, known: str) -> str:
    """Completes "The condition …". `said`: the parser's sentence; `known`: what a condition may read."""
    for pattern, words in _SAID:
        if found := pattern.fullmatch(said):
            parts = {name: text.strip() for name, text in found.groupdict().items()}
            instead = _WORDS.get(parts.get("text", "").lower(), "")
            return words.format(**parts, known=known) + (f"; write {instead}" if instead else "")
    return f"cannot be read: {said}"
