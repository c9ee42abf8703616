"""A definition: one frozen value that says everything about a vendor, and the few functions that it needs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from datafly.model.delivery import Item, Outgoing, Reply
from datafly.model.event import TYPES
from datafly.model.secret import Secret
from datafly.model.verdict import Judgement, Ruling
from datafly.spec.asking import Check, Later, Names
from datafly.spec.bounds import Fits
from datafly.spec.calls import Call
from datafly.spec.compiled import Limits
from datafly.spec.nodes import Node, Path
from datafly.spec.pacing import Window
from datafly.spec.readiness import Readiness
from datafly.spec.setting import Address, SecretAddress, SettingKind
from datafly.spec.spending import Spend
from datafly.spec.words import Failure, Hint, Peer, Refusal

ANY = "*"
"""The rule for every track event that has none of its own."""
WITHDRAWN = "consent withdrawn"
"""The rule for an event of any type with which somebody whom the vendor can know withdraws the definition's consent. It
tells that and nothing else, and so is sent although the consent is denied; the event itself is not.
"""

NO_CONSENT = "none"
"""What `Integration.consent_by` says where no consent is asked for."""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to do in the vendor's own panel. `steps` are numbered, `choices` are not."""

    title: str
    text: str
    steps: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


class Variant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tuned defaults: they win over those of the settings, the config wins over them."""

    key: str
    name: str
    sentence: str
    defaults: dict[str, Any] = {}


class IdentityRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field that says who the user is. `required`: without it nothing is sent.

    `identifies_if`: a setting, a flag, without which the field is known but no part of `identified()`.
    """

    field: str
    source: str
    note: str
    value: Node | None = None
    required: Refusal | None = None
    identifies_if: str = ""


class Lines(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an event has its lines. `alone`: the event's own fields of these names are its one line, if it has no lines
    but all of `alone_if`; its other fields stay its properties. `stand_in`: else, if the flag of the setting
    `stand_in_if` is set, its one line has these fields, each the first there is of some properties of the event.
    `none`: what if there is no line at all; None: the event is sent as one whose line is empty.
    """

    of: Path
    none: Refusal | None = None
    alone: tuple[str, ...] = ()
    alone_if: tuple[str, ...] = ()
    stand_in: dict[str, tuple[str, ...]] = {}
    stand_in_if: str = ""


class More(msgspec.Struct, frozen=True, omit_defaults=True):
    """A further item of an event, behind its own: `body`, if it has a value, on the route `route` and in its `part`.

    `spread`: the value is a list, of which each is an item. `key`: by which `Place.of` names it.
    """

    body: Node
    route: str = ""
    part: str = ""
    spread: bool = False
    key: str = ""


class Ahead(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call of its own that goes before an event's: `body`, if it has a value, on the route `route`."""

    route: str
    body: Node


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of one kind of event.

    `event`: a type (`page`, `identify`, …), the canonical name of a track event, `ANY` or `WITHDRAWN`. `concept` and
    `note` are words of the page, `name` is the vendor's event name. `params` is what `params()` stands for in `body`,
    which is the definition's own unless given here. `ignores`: properties that are not sent, which is said if they are
    there. `native`: what the vendor calls properties → their canonical names, for a track event that bears the vendor's
    own `name`, or one of `names`, and so is taken for this one. `off`: the setting, and its option, with which the rule
    does not hold. `kept_days`: older events are not sent, since the vendor does not keep them that long. `ahead`: what
    goes before; `more`: what goes behind. `historical_route`: that of historical events, if it is another. `part`: the
    list of its route that the item stands in. `group`: what the items of the event have in common with others, for a
    route that has groups. `gates` come before all else and may refuse the event. `former`: the body that this one
    replaces; what it reads counts as read, so no `rest` sends it.
    """

    event: str
    concept: str
    note: str
    name: str | Node = ""
    params: Node | None = None
    body: Node | None = None
    lines: Lines | None = None
    ignores: tuple[str, ...] = ()
    route: str = ""
    historical_route: str | None = None
    off: tuple[str, str] | None = None
    native: dict[str, str] = {}
    names: tuple[str, ...] = ()
    kept_days: int | None = None
    ahead: tuple[Ahead, ...] = ()
    more: tuple[More, ...] = ()
    part: str = ""
    group: Node | None = None
    gates: tuple[Node, ...] = ()
    former: Node | None = None

    @property
    def is_type(self) -> bool:
        return self.event in TYPES

    @property
    def others(self) -> "tuple[Ahead | More, ...]":
        """What is sent beside its own item, in the order in which it is written."""
        return (*self.ahead, *self.more)

    def holds(self, config: Mapping[str, Any]) -> bool:
        return self.off is None or config.get(self.off[0]) != self.off[1]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an operator's own mappings may put a value.

    `path`: how they call it. `at`: where that is in the body of a rule, names joined by dots; lists are stepped into;
    empty: the body itself. `fields`: the vendor's own names there → the converter of each. `own_names`: what a name of
    the operator's own may be, a pattern that `own_names_say` puts in words; empty: there are none. `of`: it is in
    further items of that key, not in the event's own. `routes`: only items that go by one of these have it; None: all.
    """

    path: str
    at: str
    sentence: str
    fields: dict[str, str] = {}
    own_names: str = ""
    own_names_say: str = ""
    of: str = ""
    routes: tuple[str, ...] | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        return tuple(self.at.split(".")) if self.at else ()


class Overridable(msgspec.Struct, frozen=True):
    """What an operator may change. `event_name` makes the vendor's name of one of theirs, read as `path("event")`.

    Whatever stands nowhere here is not to be changed: who the user is, and what is told of consent.
    """

    event_name: Node
    places: tuple[Place, ...]


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call of the vendor's API. `items_key` holds the list of items, beside the constant fields of `also`.

    `key` names the route for `Rule.route`. `historical`: further constant fields of a request of historical events,
    which then never share one with others. `requests_per_minute`, and `windows` beside the minute: if calls of that
    path have a rate of their own. Other shapes of a body, by the marks of `spec.frame`: `wrap` is the body around the
    list of items, `group` what stands around the items of one group, `item` around each item; `parts` are the lists of
    a body that has several. Without a list a request is one item. `unique`: paths into an item's body; no request holds
    two items that are alike there and in their group. `single`: the route by which a request of one item goes; so many
    as `few` go by it one by one, too. `repeat_alone`: the vendor cannot tell a request that comes again, so after an
    answer that was lost its items go one by one. `max_items`: what a request holds at most, if that is less than
    `limits` say, or `max_items_by` the setting that says it; `fits`: what each item may be, `part_fits`: what those of
    one part may be instead. `later`: its outcome is asked for later. `{setting}` in a text of `wrap`, or as `method`,
    is what the installation's config says. `listed_if`: the setting, and its option, with which items stand in the
    list, even one by itself; without, each goes by `single`. `answer`: the body of an answer that takes all, for a
    sandbox that is drawn from the definition; `"$count"` stands for how many items there were, `$ticket` for the name
    of a job.
    """

    path: str
    items_key: str = ""
    method: str = "POST"
    key: str = ""
    also: dict[str, Any] = {}
    historical: dict[str, Any] = {}
    requests_per_minute: int = 0
    windows: tuple[Window, ...] = ()
    wrap: dict[str, Any] = {}
    group: dict[str, Any] = {}
    item: dict[str, Any] = {}
    parts: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    single: str | None = None
    few: int = 1
    listed_if: tuple[str, str] | None = None
    repeat_alone: bool = False
    max_items: int = 0
    max_items_by: str = ""
    fits: Fits | None = None
    part_fits: dict[str, Fits] = {}
    later: Later | None = None
    answer: str = ""

    @property
    def has_list(self) -> bool:
        return bool(self.items_key or self.wrap or self.parts)

    def is_listed(self, config: Mapping[str, Any]) -> bool:
        """Whether several items may share a request as the config chooses."""
        return self.has_list and (self.listed_if is None or _is_chosen(config, self.listed_if))


def _is_chosen(config: Mapping[str, Any], choice: tuple[str, str]) -> bool:
    value = config.get(choice[0])
    return (str(value).lower() if isinstance(value, bool) else value) == choice[1]


class SeeAlso(msgspec.Struct, frozen=True):
    slug: str
    name: str
    sentence: str


class Difference(msgspec.Struct, frozen=True):
    """Where the words of a section and the vendor's own documentation differ; the page says both."""

    section: str
    sentence: str


class Remark(msgspec.Struct, frozen=True):
    """What a person should know of how Signal does it, told in a section of the page."""

    section: str
    sentence: str


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event and what is sent for it, as a request for it alone, or the reason why nothing is.

    `event` has the fields of `model.event.Event`; what it leaves out is filled in by `faces.cases`. `warns`: parts of
    the warnings that it must raise, each one of them. `unmapped`: the vendor refuses it as it comes.
    """

    title: str
    event: dict[str, Any]
    sends: Any = None
    refuses: str = ""
    warns: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    unmapped: bool = False


class Functions(msgspec.Struct, frozen=True):
    """The code of a definition; all of it pure. None: the kit's own, `spec.judging`.

    `judge_success` judges a 2xx reply to a request of these items, `judge_failure` any other reply where it knows
    better than the declared failures: None where it does not. `amend` makes, of the config, what is sent in place of an
    item that was refused so: None where it stays refused; it must come to an end. `judge_later` judges the good replies
    to what was asked of a job of so many items: None where it is not done, and the path of what to ask next.
    `judge_check` judges a 2xx reply to `Check`. `read_names` reads a 2xx reply to one of `Names.requests`; None where
    it tells no names. `headers` makes further headers of a config, and `sign` those of one attempt: of the config, the
    request, an id that stays the same when it is sent again, and the time in milliseconds.
    """

    judge_success: Callable[[Reply, Sequence[Item]], Judgement] | None = None
    judge_failure: Callable[[Reply, Sequence[Item]], Judgement | None] | None = None
    amend: Callable[[Mapping[str, Any], Reply, Item], Item | None] | None = None
    judge_later: Callable[[Sequence[Reply], int], Judgement | str | None] | None = None
    judge_check: Callable[[Reply], Ruling] | None = None
    read_names: Callable[[Reply], list[str] | None] | None = None
    headers: Callable[[Mapping[str, Any]], Mapping[str, str | Secret]] | None = None
    sign: Callable[[Mapping[str, Any], Outgoing, str, int], Mapping[str, str | Secret]] | None = None

    def given(self) -> dict[str, str]:
        found = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: f"{run.__module__}.{run.__qualname__}" for name, run in found.items() if run is not None}


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor. Everything but `functions` is data, so pages, forms, schemas and tests are drawn from it.

    `base` is a URL in which `{setting}` is replaced; so are the values of `headers`, and one that holds a secret is a
    secret. `consent` is the category that must be granted, or `consent_by` the setting that says it, by a category or
    `none`. `body` maps an event of any rule without a body of its own.
    `too_old`: the reason for events beyond `Rule.kept_days`. `limit_settings`: field of `limits` → the setting, a
    number or a flag, by which an installation may change it. `idempotent`: the vendor recognises what comes again, so
    an answer that was lost doubles nothing. `corpus`: the folder of the checkout with many more samples, see
    `datafly.testing.corpus`.
    """

    slug: str
    name: str
    summary: str
    category: str
    stage: str
    website: str
    reference: str
    consent: str | None
    consent_note: str
    consent_by: str = ""
    identity_intro: str
    base: str
    routes: tuple[Route, ...]
    rules: tuple[Rule, ...]
    body: Node
    limits: Limits
    limit_settings: dict[str, str] = {}
    too_old: Refusal | None = None
    headers: dict[str, str] = {}
    settings: tuple[SettingKind, ...] = ()
    variants: tuple[Variant, ...] = (Variant("default", "Default", "The mapping as documented."),)
    delivery_modes: tuple[str, ...] = ("server_side",)
    prerequisites: tuple[Step, ...] = ()
    identity: tuple[IdentityRow, ...] = ()
    failures: tuple[Failure, ...] = ()
    hints: tuple[Hint, ...] = ()
    check: Check | None = None
    names: Names | None = None
    verify: tuple[str, ...] = ()
    see_also: tuple[SeeAlso, ...] = ()
    differences: tuple[Difference, ...] = ()
    remarks: tuple[Remark, ...] = ()
    idempotent: bool = True
    corpus: str = ""
    samples: tuple[Sample, ...] = ()
    readiness: Readiness | None = None
    calls: tuple[Call, ...] = ()
    overridable: Overridable | None = None
    spend: Spend | None = None
    peers: tuple[Peer, ...] = ()
    functions: Functions = Functions()

    def setting(self, name: str) -> SettingKind | None:
        return next((one for one in self.settings if one.name == name), None)

    def variant(self, key: str) -> Variant | None:
        return next((one for one in self.variants if one.key == key), None)

    def secret_names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.settings if one.kind == "secret")

    def address_names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.settings if isinstance(one, Address | SecretAddress))

    def nodes(self) -> Iterable[Node]:
        """Every node of the mapping, also those inside others."""
        for root in self._roots():
            yield from root.walk()

    def refusals(self) -> list[Refusal]:
        """Every reason for which an event is not sent, each once."""
        found = [row.required for row in self.identity] + [rule.lines.none for rule in self.rules if rule.lines]
        every = [fits for route in self.routes for fits in (route.fits, *route.part_fits.values())]
        found += [fits.too_large for fits in every if fits]
        found += [self.too_old, *(getattr(node, "refusal", None) for node in self.nodes())]
        return list({refusal.reason: refusal for refusal in found if refusal}.values())

    def _roots(self) -> Iterable[Node]:
        yield self.body
        yield from (row.value for row in self.identity if row.value)
        for rule in self.rules:
            yield from (node for node in (rule.params, rule.body, rule.name, rule.group) if isinstance(node, Node))
            yield from (one.body for one in rule.others)
            yield from rule.gates
