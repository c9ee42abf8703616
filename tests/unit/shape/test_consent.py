import json

import msgspec
import pytest

from datafly import catalog
from datafly.model.consent import Consent
from datafly.model.event import Event
from datafly.model.installation import Installation, Revision, Template
from datafly.model.secret import Secret
from datafly.model.verdict import Verdict
from datafly.shape import CompiledOnce, consent_ruling, shape_event
from datafly.spec.compile import compile_integration

CONFIG = {"api_key": Secret("k" * 20), "partner_name": "myco"}
MADE = compile_integration(catalog.get("insider"), CONFIG)


def event(*, source="event", **categories):
    return Event("m", "page", "pl", "k", 0, 0, user_id="u", consent=Consent(categories, source))


def test_a_granted_category_lets_the_event_through():
    assert consent_ruling(MADE, event(marketing=True)) is None
    assert isinstance(shape_event(MADE, event(marketing=True), 0), tuple)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (event(source=""), "Nothing is known"),
        (event(analytics=True), "Nothing is known"),
        (event(marketing=False), "denied by the visitor"),
        (event(marketing=False, source="pipeline"), "denied by the pipeline's default"),
        (event(marketing=False, source="organisation"), "denied by the default of all pipelines"),
        (event(marketing=False, source="defaults"), "denied by a default, of the pipeline or of all pipelines"),
    ],
)
def test_what_is_not_known_to_be_granted_is_skipped_with_what_to_do(given, words):
    ruling = shape_event(MADE, given, 0)
    assert (ruling.verdict, ruling.reason) == (Verdict.SKIPPED, "consent_marketing")
    assert words in ruling.cause
    assert "datafly.consent({marketing: true})" in ruling.cure
    assert "consent_defaults" in ruling.cure


WITHDRAWN = Consent({"marketing": False}, "event", changed=("marketing",), withdrawn=("marketing",))


def sent(shaped):
    (item,) = shaped
    return json.loads(item.body)


def test_the_message_that_tells_of_a_withdrawal_needs_no_consent_and_holds_nothing_else():
    made = compile_integration(catalog.get("insider"), {**CONFIG, "forward_consent": "off"})
    for kind in ("consent", "identify", "page"):
        told = Event("m", kind, "pl", "k", 0, 0, user_id="u", traits={"email": "a@b.example"}, consent=WITHDRAWN)
        assert sent(shape_event(MADE, told, 0)) == {
            "identifiers": {"uuid": "u"},
            "attributes": {"custom": {"consent_marketing": False}},
            "not_append": True,
        }
        assert shape_event(made, told, 0).reason == "consent_marketing", "switched off"
        nobody = msgspec.structs.replace(told, user_id=None)
        assert shape_event(MADE, nobody, 0).reason == "consent_marketing", "of nobody the vendor knows"


@pytest.mark.parametrize(
    ("setting", "identifiers"), [("as_uuid", {"uuid": "a"}), ("custom_identifier", {"custom": {"anonymous_id": "a"}})]
)
def test_a_withdrawal_of_a_visitor_is_told_where_visitors_are_sent_and_is_no_other_reason_where_not(
    setting, identifiers
):
    made = compile_integration(
        catalog.get("insider"), {**CONFIG, "anonymous_events": setting, "anonymous_identifier_name": "anonymous_id"}
    )
    told = Event("m", "page", "pl", "k", 0, 0, anonymous_id="a", traits={"email": "a@b.example"}, consent=WITHDRAWN)
    assert sent(shape_event(made, told, 0)) == {
        "identifiers": identifiers,
        "attributes": {"custom": {"consent_marketing": False}},
        "not_append": True,
    }
    nobody = msgspec.structs.replace(told, anonymous_id=None, traits={})
    assert shape_event(made, nobody, 0).reason == "consent_marketing"
    assert consent_ruling(MADE, told).reason == "consent_marketing", "visitors are not sent"


def test_a_denial_that_is_no_withdrawal_is_not_told():
    denied = Consent({"marketing": False}, "event", changed=("marketing",))
    told = Event("m", "consent", "pl", "k", 0, 0, user_id="u", consent=denied)
    assert shape_event(MADE, told, 0).reason == "consent_marketing"


def test_the_vendor_is_told_the_newest_word_that_is_known_when_the_request_is_built():
    newer = {"marketing": True, "analytics": False}
    granted = Event("m", "page", "pl", "k", 0, 0, user_id="u", consent=Consent({"marketing": True}, "event"))
    withdrawn = Event("m", "consent", "pl", "k", 0, 0, user_id="u", consent=WITHDRAWN)
    for event in (granted, withdrawn):
        told = sent(shape_event(MADE, event, 0, newer))["attributes"]["custom"]
        assert told == {"consent_marketing": True, "consent_analytics": False}


def test_a_withdrawal_after_the_event_stops_it_and_a_grant_after_it_does_not_reach_back():
    assert "withdrawn" in consent_ruling(MADE, event(marketing=True), {"marketing": False}).cause
    assert consent_ruling(MADE, event(marketing=True), {"analytics": False}) is None
    assert consent_ruling(MADE, event(marketing=False), {"marketing": True}).reason == "consent_marketing"


def test_a_vendor_without_category_or_with_an_essential_one_needs_no_consent():
    for category in (None, "essential"):
        made = msgspec.structs.replace(MADE, consent=category)
        assert consent_ruling(made, event(), {"essential": False}) is None


def installation(revision):
    return Installation(
        "pi_1", "pl_1", Template("tmpl_1", "Insider", "insider"), Revision(revision, "tmpl_1", 1, CONFIG)
    )


def test_an_installation_is_compiled_once_per_revision():
    asked = []
    compiled = CompiledOnce(lambda one: asked.append(one.revision.id) or MADE, limit=2)
    for revision in ("r1", "r1", "r2", "r1", "r3", "r1"):
        assert compiled(installation(revision)) is MADE
    assert asked == ["r1", "r2", "r3", "r1"], "the oldest goes when there are too many"


def test_what_does_not_compile_is_tried_again():
    asked = []

    def fails(one):
        asked.append(one)
        raise ValueError

    compiled = CompiledOnce(fails)
    for _ in range(2):
        with pytest.raises(ValueError):
            compiled(installation("r1"))
    assert len(asked) == 2
