"""Markdown that holds whatever is put into it."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_ONE_WORD: Final = re.compile(r"[\w.*:/{}-]+")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def code(words: str) -> str:
    """A single name or path as code, a sentence as it is."""
    return f"`{words}`" if _ONE_WORD.fullmatch(words) else words


def quote(words: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in words.split("\n"))


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
