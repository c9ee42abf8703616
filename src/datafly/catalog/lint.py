"""The rules that a definition must keep, found by decorator; `datafly check` and the tests run the same list."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from datafly.catalog.find import folders, load
from datafly.catalog.waivers import WAIVERS
from datafly.spec.integration import Integration

TIERS: Final = ("alpha", "beta", "stable")
"""What a definition may call itself; each asks for the rules of those before it too."""


class Finding(msgspec.Struct, frozen=True):
    """A rule that a definition breaks. `says` is a sentence with what to do."""

    slug: str
    rule: str
    says: str

    def __str__(self) -> str:
        return f"{self.slug}: {self.says} ({self.rule})"


class Subject(msgspec.Struct, frozen=True):
    """A definition, the folder that it was found in, and the slugs of all."""

    folder: str
    integration: Integration
    slugs: frozenset[str]


Check = Callable[[Subject], Iterable[str]]


class Rule(msgspec.Struct, frozen=True):
    """`check` gives a sentence for each thing that is wrong."""

    name: str
    tier: str
    check: Check


RULES: Final[list[Rule]] = []


def asks(tier: str) -> Callable[[Check], Check]:
    """Adds a check to the list; its name is the function's, and its docstring is the rule."""

    def add(check: Check) -> Check:
        RULES.append(Rule(check.__name__.replace("_", "-"), tier, check))
        return check

    return add


def check() -> list[Finding]:
    """All definitions against all rules of their tier; empty when all is well."""
    loaded, broken = _load_all()
    slugs = frozenset(one.slug for one in loaded.values())
    findings = [found for folder, one in loaded.items() for found in lint(Subject(folder, one, slugs))]
    return [*broken, *(one for one in findings if not _waived(one)), *_needless(findings)]


def lint(subject: Subject) -> Iterator[Finding]:
    """The rules of the tier that it claims; one of no tier is held to all."""
    stage = subject.integration.stage
    asked = TIERS[: TIERS.index(stage) + 1] if stage in TIERS else TIERS
    for one in RULES:
        if one.tier in asked:
            yield from (Finding(subject.integration.slug, one.name, says) for says in one.check(subject))


def _load_all() -> tuple[dict[str, Integration], list[Finding]]:
    loaded: dict[str, Integration] = {}
    broken = []
    for folder in folders():
        try:
            loaded[folder] = load(folder)
        except Exception as error:  # noqa: BLE001 - a definition may be broken in any way; it is reported
            broken.append(Finding(folder, "loads", f"does not load: {type(error).__name__}: {error}"))
    return loaded, broken


def _waived(finding: Finding) -> bool:
    return any(waiver.excuses(finding.slug, finding.rule, finding.says) for waiver in WAIVERS)


def _needless(findings: list[Finding]) -> Iterator[Finding]:
    """The list of waivers may only shrink: one that excuses nothing must go."""
    for waiver in WAIVERS:
        if not any(waiver.excuses(one.slug, one.rule, one.says) for one in findings):
            yield Finding(waiver.slug, "waivers-are-needed", f"remove the waiver of {waiver.rule}: it excuses nothing")
