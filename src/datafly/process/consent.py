"""Step 6, consent: what the visitor allows, category by category.

The event's own word counts before what the visitor said earlier, and that before the pipeline's default. One exception:
a category that the visitor denied *after* the event happened is denied, also where the event itself, delayed, still
says otherwise.

All times here have what our clock went back added (`Event.behind_ms`): a clock that is put right must not make a
withdrawal older than the grant before it.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from datafly.model.consent import ALIASES, SAID_BY, Consent, read

NAME: Final = "consent"
REFRESH_MS: Final = 60_000
"""A choice that is only repeated is written again no sooner than this: so far it may be taken for older than it is."""

_WORDS: Final = {**SAID_BY, "visitor": "as the visitor chose"}


class Choice(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`decided_ms`: when the event that said so happened."""

    granted: bool
    decided_ms: int


class Choices(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a visitor chose. `received_ms`: when the newest change was received."""

    by_category: dict[str, Choice]
    received_ms: int

    def categories(self) -> dict[str, bool]:
        return {category: choice.granted for category, choice in self.by_category.items()}


def own_word(kind: str, context: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, bool]:
    """Canonical categories that the event itself tells; a posted decision may also tell them as its properties.

    Segment's and Jitsu's SDKs have them in `categoryPreferences`, RudderStack's in `consentManagement`.
    """
    told = _told_in(kind, context, properties)
    return read(told) if told else {}


def in_our_words(
    kind: str, context: dict[str, Any], properties: Mapping[str, Any], words: Mapping[str, str]
) -> dict[str, Any]:
    """`context` with the canonical categories beside what was sent, where `words` change what is understood.

    The log then holds what was understood when it came, and says the same whatever words are added later.
    """
    told = _told_in(kind, context, properties)
    own = read(told, {**ALIASES, **words}) if told else {}
    return context if own == read(told) else {**context, "consent": {"categories": told, "canonical": own}}


def _told_in(kind: str, context: Mapping[str, Any], properties: Mapping[str, Any]) -> Any:
    told = context.get("consent")
    if told is None and "consentManagement" in context:
        told = _managed(context["consentManagement"])
    if isinstance(told, dict) and isinstance(preferences := told.get("categoryPreferences"), dict):
        told = preferences
    return properties if told is None and kind == "consent" else told


def _managed(told: Any) -> dict[str, bool] | None:
    """RudderStack's shape: lists of the ids of categories. Granted is what is allowed and not denied as well."""
    if not isinstance(told, dict):
        return None
    allowed, denied = told.get("allowedConsentIds"), told.get("deniedConsentIds")
    granted = dict.fromkeys((one for one in _listed(allowed) if isinstance(one, str)), True)
    return granted | dict.fromkeys((one for one in _listed(denied) if isinstance(one, str)), False)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


class Heard(msgspec.Struct, gc=False):
    """`own`: what the event says. `before` and `after`: what the visitor chose, without and with it. `known`: it is an
    event of a user of whom something was told before. `common`: of the defaults, those of all pipelines.
    """

    own: dict[str, bool]
    before: Choices | None
    after: Choices | None
    defaults: Mapping[str, bool]
    known: bool = False
    common: Collection[str] = ()

    def changed(self) -> tuple[str, ...]:
        if self.after is self.before or self.after is None:
            return ()
        was = self.before.by_category if self.before else {}
        now = self.after.by_category.items()
        return tuple(category for category, one in now if category not in was or was[category].granted != one.granted)

    def counted(self, category: str) -> bool:
        """Whether something may have been sent until now. A default was made use of only if the user is known."""
        if self.before and category in self.before.by_category:
            return self.before.by_category[category].granted
        return self.known and self.defaults.get(category) is True


def settle(
    own: dict[str, bool],
    before: Choices | None,
    defaults: Mapping[str, bool],
    steady: tuple[int, int],
    *,
    known: bool,
    common: Collection[str] = (),
) -> tuple[Consent, str, Choices | None]:
    """As `decide`, and what the visitor chose, with the event. `steady`: when it happened and was received."""
    happened_ms, received_ms = steady
    if before is not None and own and not defaults and _only_repeats(before.by_category, own, happened_ms):
        return Consent(own, "event"), "", before
    after = learn_choices(before, own, happened_ms, received_ms) if own else before
    allowed, effect = decide(Heard(own, before, after, defaults, known, common), happened_ms)
    return allowed, effect, after


def _only_repeats(before: dict[str, Choice], own: dict[str, bool], happened_ms: int) -> bool:
    """Word for word what was said a moment ago, as most events do: nothing is learnt, withdrawn or worth saying."""
    if len(own) != len(before):
        return False
    for category, granted in own.items():
        choice = before.get(category)
        if choice is None or choice.granted is not granted:
            return False
        if not choice.decided_ms <= happened_ms < choice.decided_ms + REFRESH_MS:
            return False
    return True


def decide(heard: Heard, happened_ms: int) -> tuple[Consent, str]:
    """The consent, and its effect in words if it is not simply what the event says."""
    own, before, defaults = heard.own, heard.before, heard.defaults
    changed = heard.changed()
    withdrawn = tuple(category for category in changed if not own[category] and heard.counted(category))
    if own and not defaults and (before is None or _says_no_more(before, own, happened_ms)):
        return Consent(own, "event", None, changed, withdrawn), _tell_withdrawn(withdrawn)
    categories = {**defaults, **(before.categories() if before else {}), **own}
    if before:
        _withdraw(categories, before, happened_ms)
    source = "event" if own else "visitor" if before else _of_defaults(heard)
    chosen = heard.after.categories() if heard.after else None
    words = "" if categories == own else _tell(categories, heard)
    told = Consent(categories, source, None if chosen == categories else chosen, changed, withdrawn)
    return told, "; ".join(filter(None, (words, _tell_withdrawn(withdrawn))))


def _of_defaults(heard: Heard) -> str:
    """Whose they are; `defaults` where there are some of each."""
    if not heard.defaults:
        return ""
    common = sum(category in heard.common for category in heard.defaults)
    return "pipeline" if not common else "organisation" if common == len(heard.defaults) else "defaults"


def _tell_withdrawn(withdrawn: tuple[str, ...]) -> str:
    return f"{', '.join(withdrawn)} withdrawn with this event" if withdrawn else ""


def learn_choices(chosen: Choices | None, own: dict[str, bool], happened_ms: int, received_ms: int) -> Choices | None:
    """What the visitor chose after an event said `own`; the same value if nothing changed. The newest word stays."""
    before = chosen.by_category if chosen else {}
    told: dict[str, Choice] = {}
    for category, granted in own.items():
        if _is_news(before.get(category), granted, happened_ms):
            told[category] = Choice(granted, happened_ms)
    if not told:
        return chosen
    changed = any(category not in before or before[category].granted != told[category].granted for category in told)
    return Choices({**before, **told}, received_ms if changed or chosen is None else chosen.received_ms)


def _is_news(before: Choice | None, granted: bool, happened_ms: int) -> bool:  # noqa: FBT001 - a decision is one
    if before is None:
        return True
    patience = REFRESH_MS if before.granted == granted else 0
    return happened_ms >= before.decided_ms + patience


def _says_no_more(chosen: Choices, own: dict[str, bool], happened_ms: int) -> bool:
    for category, choice in chosen.by_category.items():
        if category not in own or choice.decided_ms > happened_ms:
            return False
    return True


def _withdraw(categories: dict[str, bool], chosen: Choices, happened_ms: int) -> None:
    for category, choice in chosen.by_category.items():
        if not choice.granted and choice.decided_ms > happened_ms:
            categories[category] = False


def _tell(categories: dict[str, bool], heard: Heard) -> str:
    own, chosen = heard.own, heard.before
    default = {True: "organisation", False: "pipeline"}
    groups: dict[str, list[str]] = {}
    for category, granted in sorted(categories.items()):
        if own.get(category) != granted:
            by_visitor = chosen is not None and category in chosen.by_category
            source = "visitor" if by_visitor else default[category in heard.common]
            groups.setdefault(source, []).append(f"{category} {'granted' if granted else 'denied'}")
    return "; ".join(f"{', '.join(said)} {_WORDS[source]}" for source, said in groups.items())
