"""Secrets of the document: each is a reference, and whoever applies it brings along what the references stand for."""

import re
from collections.abc import Mapping
from typing import Any, Final

from datafly.management.declared.document import Keys, Problems
from datafly.management.declared.shapes import REFERENCE
from datafly.model.secret import Secret

_IS_ONE: Final = re.compile(REFERENCE)


class References:
    """`known`: reference → secret. With `keep`, one that is not known leaves the secret that is there as it is."""

    def __init__(self, known: Mapping[str, Secret], problems: Problems, *, keep: bool = False) -> None:
        self._known = known
        self._problems = problems
        self._keep = keep

    def secret(self, told: Any, kept: Secret | None, keys: Keys) -> Secret | None:
        """None where it is none, which is then told."""
        if not isinstance(told, str) or not _IS_ONE.fullmatch(told):
            says = "a secret does not stand in the document: write env:NAME or file:/path, and put it there."
            self._problems.add(keys, says)
            return None
        if found := self._known.get(told):
            return found
        if self._keep and kept is not None:
            return kept
        self._problems.add(keys, f"{told} {self._lacks(told, kept)}")
        return None

    def _lacks(self, told: str, kept: Secret | None) -> str:
        cure = "set that variable" if told.startswith("env:") else "make that file, with the secret alone in it"
        if self._keep:
            return f"is not there or is empty, and no secret is kept here that could stay; {cure}."
        return f"is not there or is empty; {cure}{', or keep what is there by --keep-secrets' if kept else ''}."


def variable(*words: str) -> str:
    """The reference that an export writes: `env:SIGNAL_INSIDER_API_KEY` for an integration and a setting."""
    name = re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper()).strip("_")
    return f"env:SIGNAL_{name}"


class Variables:
    """One name for each secret; names that would be the same are numbered in their order."""

    def __init__(self) -> None:
        self._taken: dict[str, Secret] = {}

    def name(self, secret: Secret, *words: str) -> str:
        wanted = variable(*words)
        name, number = wanted, 2
        while name in self._taken and self._taken[name] != secret:
            name, number = f"{wanted}_{number}", number + 1
        self._taken[name] = secret
        return name

    def names(self) -> list[str]:
        return sorted(self._taken)


def references(told: Any) -> set[str]:
    """All that stand in a document, wherever; what only looks like one does no harm."""
    if isinstance(told, Mapping):
        return {one for value in told.values() for one in references(value)}
    if isinstance(told, list | tuple):
        return {one for value in told for one in references(value)}
    return {told} if isinstance(told, str) and _IS_ONE.fullmatch(told) else set()
