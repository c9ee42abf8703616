"""What a definition must say of itself. The docstring of a rule is its line in docs/spec/integration.md."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from datafly.catalog.lint import TIERS, Subject, asks
from datafly.model.consent import ALIASES, CATEGORIES
from datafly.model.delivery import Item, Reply
from datafly.model.taxonomy import is_standard
from datafly.model.verdict import Verdict
from datafly.spec.calls import TAKES, Call
from datafly.spec.config import validate_config
from datafly.spec.convert import CONVERTERS
from datafly.spec.faces import example_config, scenarios
from datafly.spec.faces.plain import as_json
from datafly.spec.integration import ANY, NO_CONSENT, WITHDRAWN, Integration, Route, Sample
from datafly.spec.judging import judge_by
from datafly.spec.nodes import ROOTS, Path
from datafly.spec.overriding import is_somewhere
from datafly.spec.parts import BySetting
from datafly.spec.peers import differs
from datafly.spec.readiness import StandardEvent
from datafly.spec.setting import Choice, Flag, Number

_SLUG: Final = re.compile(r"[a-z][a-z0-9_]*")
_SENSITIVE: Final = re.compile(r"(?:^|_)(key|token|secret|password|credential)s?$")
_TEMPLATE: Final = re.compile(r"{(\w+)}")
_NO_EVENT: Final = StandardEvent("", "", "")


@asks("alpha")
def slug_is_its_folder(subject: Subject) -> Iterator[str]:
    """The slug is the name of the folder: a-z, 0-9 and underscores."""
    slug = subject.integration.slug
    if slug != subject.folder or not _SLUG.fullmatch(slug):
        yield f"the slug is {slug!r}, the folder {subject.folder!r}; both must be the same word of a-z, 0-9, _"


@asks("alpha")
def stage_is_a_tier(subject: Subject) -> Iterator[str]:
    """The stage is alpha, beta or stable."""
    if subject.integration.stage not in TIERS:
        yield f"the stage is {subject.integration.stage!r}, which is none of {', '.join(TIERS)}"


@asks("alpha")
def everything_has_a_sentence(subject: Subject) -> Iterator[str]:
    """Every setting, option, variant, identity row, rule, failure and hint says what it is for."""
    one = subject.integration
    said: list[tuple[str, str]] = [("the definition", one.summary), ("the definition", one.reference)]
    said += [(f"setting {setting.name}", setting.sentence) for setting in one.settings]
    said += [(f"variant {variant.key}", variant.sentence) for variant in one.variants]
    said += [(f"identity {row.field}", row.note) for row in one.identity]
    said += [(f"rule {rule.event}", words) for rule in one.rules for words in (rule.concept, rule.note)]
    said += [(f"failure {f.symptom}", words) for f in one.failures for words in (f.symptom, f.cause, f.cure)]
    said += [(f"hint {h.symptom}", words) for h in one.hints for words in (h.symptom, h.cause, h.cure)]
    for what, words in said:
        if not words.strip():
            yield f"{what} has no sentence"


@asks("alpha")
def every_rule_has_a_sample(subject: Subject) -> Iterator[str]:
    """Every rule has a sample of an event that is sent."""
    one = subject.integration
    sent = {_rule_of(sample) for sample in one.samples if not sample.refuses}
    own = {rule.event for rule in one.rules}
    for rule in one.rules:
        if not (sent - own if rule.event == ANY else rule.event in sent):
            yield f"rule {rule.event} has no sample that is sent"


def _rule_of(sample: Sample) -> str:
    if sample.event.get("consent", {}).get("withdrawn"):
        return WITHDRAWN
    return str(sample.event.get("event") or sample.event.get("type"))


@asks("alpha")
def rules_name_canonical_events(subject: Subject) -> Iterator[str]:
    """A rule names a type, a canonical standard event, a withdrawal or any other event; and each but once."""
    events = [rule.event for rule in subject.integration.rules]
    for rule in subject.integration.rules:
        if not (rule.is_type or rule.event in (ANY, WITHDRAWN) or is_standard(rule.event)):
            yield f"rule {rule.event} names no standard event"
        if events.count(rule.event) > 1:
            yield f"rule {rule.event} is there more than once"


@asks("alpha")
def wrong_credentials_are_known(subject: Subject) -> Iterator[str]:
    """401 or 403 is a declared failure that suspends."""
    known = [f for f in subject.integration.failures if f.status in (401, 403) and f.verdict is Verdict.SUSPENDED]
    if subject.integration.secret_names() and not known:
        yield "neither 401 nor 403 is a failure that suspends; say what it means and what to do"


@asks("alpha")
def secrets_are_secret(subject: Subject) -> Iterator[str]:
    """A setting named like a credential is a `Secret`."""
    for setting in subject.integration.settings:
        if _SENSITIVE.search(setting.name) and setting.kind != "secret":
            yield f"setting {setting.name} must be a Secret"


@asks("alpha")
def see_also_exists(subject: Subject) -> Iterator[str]:
    """Whom See also names exists."""
    for other in subject.integration.see_also:
        if other.slug not in subject.slugs:
            yield f"See also names {other.slug}, which does not exist"


@asks("alpha")
def templates_name_settings(subject: Subject) -> Iterator[str]:
    """What stands in braces in the base, the headers and around items is a setting, and in a body no secret."""
    one = subject.integration
    wraps = [msgspec.json.encode(route.wrap).decode() for route in one.routes]
    methods = [route.method for route in one.routes] + ([one.check.method] if one.check else [])
    for template in (one.base, *one.headers.values(), *methods, *wraps):
        for name in _TEMPLATE.findall(template):
            if one.setting(name) is None:
                yield f"{template!r} names {name}, which is no setting"
            elif template in wraps and name in one.secret_names():
                yield f"{template!r} would put the secret {name} into a body"


@asks("alpha")
def examples_are_valid(subject: Subject) -> Iterator[str]:
    """The install call of the page is one that works: required settings have an example that fits."""
    one = subject.integration
    try:
        for mode in one.delivery_modes:
            validate_config(one, one.variants[0].key, mode, example_config(one))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the settings is reported
        yield f"the examples of the settings do not fit: {error}"


@asks("alpha")
def what_may_be_changed_is_there(subject: Subject) -> Iterator[str]:
    """Each place for an operator's own values is in the body of some rule, and its fields have known types."""
    one = subject.integration
    for place in one.overridable.places if one.overridable else ():
        if not is_somewhere(one, place):
            yield f"the place {place.path} is at {place.at}, which no rule has"
        for name, kind in place.fields.items():
            if kind not in CONVERTERS:
                yield f"{place.path}.{name} is of the type {kind}, which does not exist"


@asks("alpha")
def it_is_data(subject: Subject) -> Iterator[str]:
    """All but the functions can be written as JSON."""
    try:
        as_json(subject.integration)
    except (TypeError, ValueError) as error:
        yield f"it cannot be written as JSON: {error}"


@asks("alpha")
def paths_exist(subject: Subject) -> Iterator[str]:
    """A path starts with what an event has."""
    for node in subject.integration.nodes():
        for name in node.names if isinstance(node, Path) else ():
            if name.partition(".")[0] not in ROOTS:
                yield f"path {name} starts with none of {', '.join(sorted(ROOTS))}"


@asks("alpha")
def identity_is_what_it_says(subject: Subject) -> Iterator[str]:
    """The source that the page names is the first that the mapping reads."""
    for row in subject.integration.identity:
        read = [node.names[0] for node in (row.value.walk() if row.value else ()) if isinstance(node, Path)]
        if read and read[0] not in row.source:
            yield f"identity {row.field} says {row.source!r} and reads {read[0]}"


@asks("alpha")
def hints_exist(subject: Subject) -> Iterator[str]:
    """A refusal that points to a hint points to one that is there; any other has words of its own."""
    symptoms = {hint.symptom for hint in subject.integration.hints}
    for refusal in subject.integration.refusals():
        if refusal.hint and refusal.hint not in symptoms:
            yield f"refusal {refusal.reason} points to {refusal.hint!r}, which is no hint"
        if not refusal.hint and not (refusal.cause and refusal.cure):
            yield f"refusal {refusal.reason} has no cause or no cure"
        if refusal.verdict not in (Verdict.SKIPPED, Verdict.REJECTED):
            yield f"refusal {refusal.reason} is {refusal.verdict}; it can be SKIPPED or REJECTED"


@asks("alpha")
def consent_is_a_category(subject: Subject) -> Iterator[str]:
    """The consent category is a canonical one."""
    one = subject.integration
    named = _options(one, one.consent_by) if one.consent_by else [NO_CONSENT]
    for category in [one.consent, *(option for option in named if option != NO_CONSENT)]:
        if category is None or category in CATEGORIES:
            continue
        yield f"the consent category {category!r} is none of {', '.join(sorted(CATEGORIES))}" + (
            f"; it is called {ALIASES[category]}" if category in ALIASES else ""
        )


@asks("alpha")
def withdrawals_are_of_a_consent(subject: Subject) -> Iterator[str]:
    """Who tells the vendor of withdrawals has a consent category that can be withdrawn."""
    one = subject.integration
    if one.consent in (None, "essential") and any(rule.event == WITHDRAWN for rule in one.rules):
        yield "a rule tells of withdrawals, but there is no consent to withdraw"


@asks("alpha")
def options_exist(subject: Subject) -> Iterator[str]:
    """What hangs on a setting names a choice or a flag, and options that it has; a bound names a number."""
    one = subject.integration
    for route in one.routes:
        if route.max_items_by and not isinstance(one.setting(route.max_items_by), Number):
            yield f"how many items {route.path} holds hangs on {route.max_items_by}, which is no number"
    named = [(node.setting, option) for node in one.nodes() if isinstance(node, BySetting) for option in node.options]
    named += [rule.off for rule in one.rules if rule.off] + [one.listed_if for one in one.routes if one.listed_if]
    needed = [asked.needed_if for asked in one.settings if asked.needed_if]
    named += [(setting, option) for setting, options in needed for option in options]
    for setting, option in named:
        if option not in _options(one, setting):
            yield f"the mapping asks whether {setting} is {option}, which it can never be"


def _options(integration: Integration, name: str) -> list[str]:
    setting = integration.setting(name)
    if isinstance(setting, Flag):
        return ["true", "false"]
    return [option.value for option in setting.options] if isinstance(setting, Choice) else []


@asks("alpha")
def routes_exist(subject: Subject) -> Iterator[str]:
    """The route of a rule or a failure is one of the definition's."""
    keys = {route.key for route in subject.integration.routes}
    for failure in subject.integration.failures:
        if failure.route is not None and failure.route not in keys:
            yield f"failure {failure.symptom} is of the route {failure.route!r}, which does not exist"
    for rule in subject.integration.rules:
        for route in (rule.route, rule.historical_route, *(one.route for one in rule.others)):
            if route is not None and route not in keys:
                yield f"rule {rule.event} takes the route {route!r}, which does not exist"


@asks("alpha")
def calls_of_one_path_have_one_rate(subject: Subject) -> Iterator[str]:
    """A vendor counts the calls of a path by one method together, so all that say a rate for them say the same."""
    calls: list[Route | Call] = [*subject.integration.routes, *subject.integration.calls]
    paced = [call for call in calls if call.requests_per_minute]
    said = {(f"{call.method} {call.path}", call.requests_per_minute, call.windows) for call in paced}
    for name in sorted({name for name, *_ in said}):
        if sum(one[0] == name for one in said) > 1:
            yield f"{name} has different rates"


@asks("alpha")
def outcomes_are_asked_for_by_name(subject: Subject) -> Iterator[str]:
    """Who asks later what became of a job names it in the path, judges the answer, and hangs it on a flag, if any."""
    one = subject.integration
    for route in one.routes:
        later = route.later
        if later and ("{ticket}" not in later.path or one.functions.judge_later is None):
            yield f"what became of a request to {route.path} is asked without the job's name, or judged by nobody"
        if later and later.only_if and not isinstance(one.setting(later.only_if), Flag):
            yield f"whether the outcome of {route.path} is asked for hangs on {later.only_if}, which is no flag"


@asks("alpha")
def a_batch_is_judged_per_item(subject: Subject) -> Iterator[str]:
    """Who sends more than one item at once has a list to put them into, and judges a success by itself."""
    one = subject.integration
    if one.limits.max_items > 1 and not one.functions.judge_success:
        yield "more than one item goes into a request, but nothing judges them one by one"
    if one.limits.max_items > 1 and not any(route.has_list for route in one.routes):
        yield "more than one item goes into a request, but no route has a list for them"


@asks("alpha")
def failures_are_recognised(subject: Subject) -> Iterator[str]:
    """The answer that a failure gives as its own is judged as that failure, and not as one before it."""
    judge = judge_by(subject.integration)
    keys = {route.key for route in subject.integration.routes}
    for scenario in (one for one in scenarios(subject.integration) if one.route in keys):
        judgement = judge(scenario.reply, [Item(b"{}", scenario.route)])
        ruling = judgement.items[0] if judgement.items else judgement.whole
        if scenario.symptom and (ruling.verdict, ruling.symptom) != (scenario.verdict, scenario.symptom):
            yield f"failure {scenario.name} is judged {ruling.verdict} {ruling.symptom!r} by its own answer"


@asks("beta")
def limits_have_a_source(subject: Subject) -> Iterator[str]:
    """The limits say where they are documented."""
    if not subject.integration.limits.source:
        yield "limits.source is empty"


@asks("beta")
def every_refusal_has_a_sample(subject: Subject) -> Iterator[str]:
    """Every reason not to send has a sample."""
    shown = {sample.refuses for sample in subject.integration.samples}
    for refusal in subject.integration.refusals():
        if refusal.reason not in shown:
            yield f"no sample is refused for {refusal.reason}"


@asks("beta")
def a_check_exists(subject: Subject) -> Iterator[str]:
    """Credentials can be tested without writing anything."""
    if subject.integration.secret_names() and subject.integration.check is None:
        yield "there is no check of the credentials"


@asks("beta")
def single_failures_do_not_fail_others(subject: Subject) -> Iterator[str]:
    """One item that is refused leaves the others delivered: a whole answer never rejects a batch for good."""
    one = subject.integration
    if one.limits.max_items > 1 and one.functions.judge_success:
        judgement = one.functions.judge_success(Reply(200, body=b""), [Item(b"{}")] * 2)
        if judgement.whole.verdict is Verdict.DELIVERED and not judgement.items:
            yield "an empty success counts as delivered"


@asks("stable")
def replies_are_recorded(subject: Subject) -> Iterable[str]:
    """Replies of the real vendor are recorded; until that can be checked, nothing is stable."""
    yield f"{subject.integration.slug} has no recorded replies of the real vendor"


@asks("alpha")
def readiness_is_of_its_events(subject: Subject) -> Iterator[str]:
    """What a segment needs is a standard event of the vendor with that parameter; the hint of readiness exists."""
    known = subject.integration.readiness
    if known is None:
        return
    events = {one.name: one for one in known.events}
    for segment in known.segments:
        for need in segment.events:
            lacking = [param for param in segment.params if param not in events.get(need.event, _NO_EVENT).params]
            if need.event not in events or lacking:
                yield f"segment {segment.name} needs {need.event}, which is no standard event with {lacking}"
    if known.hint not in {hint.symptom for hint in subject.integration.hints}:
        yield f"readiness names the hint {known.hint!r}, which does not exist"


@asks("alpha")
def calls_are_known(subject: Subject) -> Iterator[str]:
    """A call beside events is one of those that there are, once, and sends what it is given and nothing else."""
    keys = [call.key for call in subject.integration.calls]
    for call in subject.integration.calls:
        if call.key not in TAKES or keys.count(call.key) > 1:
            yield f"the call {call.key} is none of {', '.join(TAKES)}, or is there twice"
        elif call.names() != TAKES[call.key]:
            yield f"the call {call.key} must send {', '.join(sorted(TAKES[call.key]))}"


@asks("alpha")
def spend_is_of_its_settings(subject: Subject) -> Iterator[str]:
    """What is spent is counted of lists and routes that there are, and bounded by settings that fit."""
    one, spend = subject.integration, subject.integration.spend
    if spend is None:
        return
    known = {name for route in one.routes for name in (route.key, *route.parts)}
    for name in spend.costs.keys() - known:
        yield f"{name} costs {spend.unit}, but is no route and no list of one"
    if spend.cap and not isinstance(one.setting(spend.cap), Number):
        yield f"the cap hangs on {spend.cap}, which is no number"
    for setting, option in (choice for choice in (spend.holds, spend.repeats) if choice):
        if option not in _options(one, setting):
            yield f"what is spent hangs on whether {setting} is {option}, which it can never be"


@asks("alpha")
def deviations_have_a_reason(subject: Subject) -> Iterator[str]:
    """What is sent otherwise than others document has its reason, and nothing else has one; the sample is there."""
    one = subject.integration
    sent = {sample.title for sample in one.samples if not sample.refuses}
    for peer in one.peers:
        said = f"{peer.who}: {peer.field} of {peer.sample!r}"
        if peer.sample not in sent:
            yield f"{said} is of no sample that is sent"
        elif differs(one, peer) != bool(peer.why):
            yield f"{said} differs without a reason" if not peer.why else f"{said} has a reason, but is the same"
