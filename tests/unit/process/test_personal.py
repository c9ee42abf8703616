"""Rules on personal data in process: nothing that a rule is about comes out of it, whatever it was sent as."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.consent import ConsentSettings
from datafly.model.event import Received
from datafly.model.installation import Pipeline
from datafly.model.pii import PiiRules, hashed
from datafly.process import Context, Memory, process_one

NOW = 1_795_600_000_000
MAIL = "Ann@Shop.Example"
RULES = PiiRules(redact_fields=("traits.ssn", "properties.card", "context.ip"), hash_fields=("traits.email",))


def under(rules, **more):
    return Context({"pip_1": Pipeline("pip_1", "Shop", "shop", "dk_1", pii_rules=rules)}, **more)


def one(body, rules=RULES, memory=None, number=1, **more):
    raw = msgspec.Raw(msgspec.json.encode({"anonymousId": "a-1", **body}))
    received = Received("pip_1", f"m-{number}", NOW, raw, "a-1")
    return process_one(received, under(rules, **more), Memory() if memory is None else memory)


def told(event):
    return [step.effect for step in event.steps if step.name == "pii"]


def identify(**traits):
    return {"type": "identify", "userId": "u-1", "traits": traits}


def test_a_step_says_what_was_done_by_the_names_of_the_rules_and_never_a_value():
    sent = {"type": "track", "event": "Paid", "properties": {"Card": "4111"}, "context": {"ip": "203.0.113.9"}}
    event = one(sent)
    assert told(event) == ["properties.card, context.ip taken out"]
    assert told(one(identify(emailAddress=MAIL, ssn="1"))) == ["traits.ssn taken out; traits.email hashed"]
    assert told(one({"type": "track", "event": "Paid", "properties": {"cards": 1}})) == []


def test_the_canonical_trait_is_hashed_whatever_it_was_sent_as_and_so_is_what_is_kept_of_what_was_sent():
    event = one({**identify(emailAddress=f" {MAIL} "), "context": {"traits": {"Email": MAIL}}})
    assert event.traits == {"email": hashed(MAIL)}
    assert event.original.traits == {"emailAddress": hashed(MAIL)}
    assert event.context == {"traits": {"Email": hashed(MAIL)}}


def test_what_another_step_found_under_another_name_is_taken_out_with_what_it_was_found_in():
    event = one(identify(address={"city": "Ulm", "zip": "89073"}), PiiRules(redact_fields=("traits.city",)))
    assert "city" not in event.traits
    assert event.original is None or event.original.traits is None
    assert told(event) == ["traits.city taken out"]


def test_what_was_learnt_before_there_was_a_rule_is_not_told_after_it():
    memory = Memory()
    one(identify(email=MAIL, ssn="1", plan="gold"), PiiRules(), memory)
    event = one({"type": "track", "event": "Paid", "userId": "u-1"}, RULES, memory, number=2)
    assert event.known_traits == {"email": hashed(MAIL), "plan": "gold"}


def test_only_what_the_rules_leave_is_learnt():
    memory = Memory()
    one(identify(email=MAIL, ssn="1"), RULES, memory)
    event = one({"type": "track", "event": "Paid", "userId": "u-1"}, PiiRules(), memory, number=2)
    assert event.known_traits == {"email": hashed(MAIL)}


def test_a_vendor_that_needs_the_value_has_process_keep_it():
    rules = msgspec.structs.replace(RULES, raw_for=("vendor",))
    assert one(identify(email=MAIL, ssn="1"), rules).traits == {"email": MAIL}


def test_rules_of_one_pipeline_are_not_those_of_another():
    raw = msgspec.Raw(msgspec.json.encode(identify(ssn="1")))
    event = process_one(Received("pip_2", "m", NOW, raw, "a-1"), under(RULES), Memory())
    assert event.traits == {"ssn": "1"}


def test_what_consent_strips_and_what_rules_take_out_are_both_told():
    sent = {"type": "track", "event": "Paid", "properties": {"card": "4111"}}
    event = one(sent, consent=ConsentSettings(without_consent="strip"))
    assert len(told(event)) == 2
    assert event.properties == {}


NAMES = st.sampled_from(["email", "Email", "emailAddress", "address", "name", "items", "product_id", "order id"])
LEAVES = st.integers(-9, 9) | st.booleans() | st.sampled_from(["x", ""])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3))


@pytest.mark.parametrize("kind", ["redact_fields", "hash_fields"])
@given(
    around=st.dictionaries(NAMES, VALUES, max_size=3),
    name=st.sampled_from(["Secret Note", "secretNote", "secret-note", "SECRET_NOTE"]),
    secret=st.text(alphabet="abcdefgh", min_size=12, max_size=16).map("zz{}".format),
    where=st.tuples(
        st.sampled_from(["properties", "traits", "context"]), st.sampled_from(["purchase", "Product Viewed", "Own"])
    ),
)
def test_no_value_that_a_rule_is_about_is_in_what_is_kept(kind, around, name, secret, where):
    part, event = where
    sent = {"type": "track", "event": event, part: {**around, name: [{"deep": secret}, secret]}}
    kept = one(sent, PiiRules(**{kind: (f"{part}.secret_note",)}))
    assert secret not in msgspec.json.encode(kept).decode()
    assert told(kept)
