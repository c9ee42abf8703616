"""A definition → its page, in Markdown, in the order in which a person needs it."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from datafly.spec.asking import Later
from datafly.spec.calls import Call
from datafly.spec.compiled import Limits
from datafly.spec.faces.costs import predicted_costs
from datafly.spec.faces.curl import curl_install
from datafly.spec.faces.examples import examples
from datafly.spec.faces.tables import code, quote, table
from datafly.spec.integration import Integration, Route, Step
from datafly.spec.pacing import MINUTE_SECONDS, Pacing
from datafly.spec.parts import option_of
from datafly.spec.sending import paced_apart
from datafly.spec.setting import Choice, SettingKind

IDENTIFY = """datafly.identify("user-123", {
  email: "jane@example.com",
  phone: "+447700900123"
});"""


def page_path(integration: Integration) -> PurePosixPath:
    return PurePosixPath("docs/integrations") / f"{integration.slug}.md"


def page(integration: Integration, known: Collection[str] = ()) -> str:
    """`known` are the slugs that have a page, so that links lead somewhere."""
    sections: tuple[Callable[[Integration], Iterable[str]], ...] = (
        _head,
        _prerequisites,
        _configuration,
        _setup,
        _mapping,
        _identity,
        _verify,
        _troubleshooting,
        _limits,
        _spend,
        _examples,
    )
    blocks = [block for section in sections for block in section(integration)]
    return "\n\n".join([*blocks, *_see_also(integration, known)]) + "\n"


def _head(one: Integration) -> Iterator[str]:
    yield f"<!-- Generated from src/datafly/integrations/{one.slug} by `datafly docs`; change it there. -->"
    yield f"# {one.name}"
    yield one.summary
    if one.stage != "stable":
        yield quote(f"⚠️ This integration is currently in {one.stage}. Configuration and behaviour may change.")


def _prerequisites(one: Integration) -> Iterator[str]:
    if not one.prerequisites:
        return
    yield "## Prerequisites"
    yield f"Complete these steps in {one.name} before configuring Signal."
    for step in one.prerequisites:
        yield from _step(step)
    yield from _differences(one, "prerequisites")


def _step(step: Step) -> Iterator[str]:
    yield f"### {step.title}"
    yield step.text
    if step.steps:
        yield _numbered(step.steps)
    if step.choices:
        yield "\n".join(f"- {choice}" for choice in step.choices)


def _configuration(one: Integration) -> Iterator[str]:
    yield "## Configuration"
    shown = [setting for setting in one.settings if not setting.advanced]
    advanced = [setting for setting in one.settings if setting.advanced]
    yield table(
        ("Field", "Type", "Required", "Description"),
        [(code(s.name), s.kind, _required(s), _told(s)) for s in shown],
    )
    if advanced:
        yield "### Advanced"
        yield table(
            ("Field", "Type", "Default", "Description"),
            [
                (code(s.name), s.kind, "" if s.default is None else code(option_of(s.default)), _told(s))
                for s in advanced
            ],
        )
    if len(one.variants) > 1:
        yield "### Variants"
        yield table(
            ("Variant", "For", "Defaults"), [(code(v.key), v.sentence, _defaults(v.defaults)) for v in one.variants]
        )


def _required(setting: SettingKind) -> str:
    if setting.needed_if is None:
        return "Yes" if setting.must_be_given else "No"
    other, options = setting.needed_if
    return f"With {code(other)}: {' or '.join(code(option) for option in options)}"


def _defaults(defaults: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`: {json.dumps(value)}" for name, value in defaults.items())


def _told(setting: SettingKind) -> str:
    options = setting.options if isinstance(setting, Choice) else ()
    return " ".join([setting.sentence, *(f"{code(option.value)}: {option.sentence}" for option in options)])


def _setup(one: Integration) -> Iterator[str]:
    yield "## Signal Setup"
    yield "### Quick Setup"
    yield _numbered(
        (
            "Navigate to Integrations in the sidebar.",
            "Open the Integration Library tab.",
            f"Find {one.name} under the {one.category} category.",
            "Click Install, and fill in the required fields.",
            "Click Install Integration.",
        )
    )
    yield "### API Setup"
    yield f"```bash\n{curl_install(one)}\n```"


def _mapping(one: Integration) -> Iterator[str]:
    yield "## Event Mapping"
    yield table(
        ("Datafly Event", f"{one.name} Concept", "Notes"),
        [("any other event" if rule.event == "*" else rule.event, rule.concept, rule.note) for rule in one.rules],
    )
    yield "Events of other types are skipped with the reason `not_mapped`."
    yield from _differences(one, "mapping")


def _identity(one: Integration) -> Iterator[str]:
    if not one.identity:
        return
    yield "## Identity"
    yield f"{one.identity_intro} Signal forwards:"
    yield table(
        ("Field", "Source", "Notes"),
        [(code(row.field), code(row.source), row.note) for row in one.identity],
    )
    yield "Call datafly.identify() whenever the user logs in:"
    yield f"```js\n{IDENTIFY}\n```"
    yield from _differences(one, "identity")
    if one.consent_by:
        yield one.consent_note
        yield f"Without consent for what `{one.consent_by}` names, an event is skipped with the reason `consent_…`."
    elif one.consent:
        yield one.consent_note
        yield f"Without consent for {one.consent} an event is skipped with the reason `consent_{one.consent}`."
        yield from _differences(one, "consent")


def _verify(one: Integration) -> Iterator[str]:
    if one.verify:
        yield "## Verify it’s working"
        yield _numbered(one.verify)
        yield from _differences(one, "verify")


def _troubleshooting(one: Integration) -> Iterator[str]:
    yield "## Troubleshooting"
    common = [(f.symptom, f.cause, f.cure) for f in one.failures if f.common]
    yield table(("Symptom", "Possible Cause", "Resolution"), common + [(h.symptom, h.cause, h.cure) for h in one.hints])
    others = [(f.symptom, f.verdict, f.cause, f.cure) for f in one.failures if not f.common]
    if others:
        yield "### Further answers"
        yield table(("Answer", "Verdict", "Possible Cause", "Resolution"), others)
    refusals = [refusal for refusal in one.refusals() if not refusal.hint]
    if refusals:
        yield "### What Signal does not send"
        rows = [(code(r.reason), r.verdict, r.cause, r.cure) for r in refusals]
        yield table(("Reason", "Verdict", "Cause", "Resolution"), rows)
    yield from _differences(one, "troubleshooting")
    yield one.reference


def _limits(one: Integration) -> Iterator[str]:
    limits = one.limits
    yield "## Limits"
    yield table(
        ("Items per request", "Bytes per request", "Requests", "Source"),
        [(f"{limits.max_items:,}", f"{limits.max_bytes:,}", _pacing(limits), limits.source)],
    )
    own = {path: _pacing(call) for path, call in paced_apart(one).items()}
    if own:
        yield "Calls that have limits of their own:"
        yield table(("Call", "Requests"), [(code(path), words) for path, words in own.items()])


def _pacing(paced: Limits | Route | Later | Call) -> str:
    """`10 in a second, 150 in a minute`."""
    every = Pacing(paced.requests_per_minute, paced.windows).every()
    lengths = {1.0: "a second", MINUTE_SECONDS: "a minute"}
    return ", ".join(
        f"{window.requests:,} in {lengths.get(window.seconds, f'{window.seconds:g} seconds')}" for window in every
    )


def _spend(one: Integration) -> Iterator[str]:
    spend = one.spend
    if spend is None:
        return
    yield f"## {spend.unit.capitalize()}"
    yield f"What an event is predicted to cost, by its example below. {spend.note}"
    costs = predicted_costs(one)
    yield table(("Event", spend.unit.capitalize()), [(event, f"{cost:,}") for event, cost in costs.items()])
    if any(cost.only_changed for cost in spend.costs.values()):
        yield (
            "Of a user, only fields whose value is not the one that was taken last are sent. What is left out, and "
            "what is spent by each type of event, is counted by minute."
        )


def _examples(one: Integration) -> Iterator[str]:
    if one.samples:
        yield "## Examples"
        if one.corpus:
            yield f"Many more, with the exact request of each, are in [{one.corpus}](../../{one.corpus})."
        yield from examples(one)


def _see_also(one: Integration, known: Collection[str]) -> Iterator[str]:
    if one.see_also:
        yield "## See also"
        yield "\n".join(
            f"- {f'[{other.name}]({other.slug}.md)' if other.slug in known else other.name} — {other.sentence}"
            for other in one.see_also
        )


def _differences(one: Integration, section: str) -> Iterator[str]:
    """The page's own words stand; how Signal does it, and what the vendor's documents say, is told after them."""
    remarks = [remark.sentence for remark in one.remarks if remark.section == section]
    if remarks:
        yield "\n".join(f"- {said}" for said in remarks)
    sentences = [difference.sentence for difference in one.differences if difference.section == section]
    if sentences:
        yield quote("\n".join([f"In {one.name}’s own documentation:", "", *(f"- {said}" for said in sentences)]))


def _numbered(steps: Iterable[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
