"""Findings that are accepted for a reason. This list may only shrink."""

from typing import Final

import msgspec


class Waiver(msgspec.Struct, frozen=True):
    """`about`: a word that the finding says, so that a waiver excuses one thing."""

    slug: str
    rule: str
    about: str
    reason: str

    def excuses(self, slug: str, rule: str, says: str) -> bool:
        return self.slug == slug and self.rule == rule and self.about in says


WAIVERS: Final[tuple[Waiver, ...]] = ()
