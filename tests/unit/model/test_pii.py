"""Rules on personal data: what they find, what they leave, and what of it can be told back."""

import hashlib
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.event import Event, Original
from datafly.model.pii import NO_RULES, REDACTED, PiiRules, hashed, kept, sent

CARD = "4111 1111 1111 1111"


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def event(**fields):
    return Event("m", "track", "pip", "k", 1, 1, **fields)


def redacting(*fields):
    return kept(PiiRules(redact_fields=fields))


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("properties.card", {"card": CARD}),
        ("properties.card", {"Card": CARD}),
        ("properties.credit_card", {"creditCard": CARD}),
        ("properties.credit card", {"credit-card": CARD}),
        ("properties.payment.card", {"payment": {"card": CARD}}),
        ("properties.payment.card", {"payment": [{"card": CARD}, {"card": [CARD, CARD]}]}),
        ("properties.payment.card", {"payment.card": CARD}),
        ("properties.email", {"e_mail_address": CARD}),
        ("properties.order_id", {"transaction_id": CARD}),
        ("properties.payment", {"payment": {"any": {"thing": [CARD]}}}),
    ],
)
def test_a_field_is_found_in_any_spelling_in_objects_in_lists_and_by_a_name_with_dots(field, found):
    cleaned = redacting(field).event(event(properties={**found, "kept": 1}))
    assert CARD not in msgspec.json.encode(cleaned).decode()
    assert cleaned.properties["kept"] == 1


@pytest.mark.parametrize(
    "properties", [{}, {"payment": None}, {"payment": "text"}, {"payment": [1, None]}, {"payment": {"cards": CARD}}]
)
def test_an_event_in_which_a_field_is_missing_is_the_event_itself(properties):
    one = event(properties=properties, traits={"card": CARD}, context={"payment": {"card": CARD}})
    assert redacting("properties.payment.card").event(one) is one


def test_traits_are_also_those_of_the_context_those_known_before_and_those_that_were_sent():
    one = event(
        traits={"email": "a@b.c"},
        known_traits={"email": "old@b.c"},
        context={"traits": {"Email": "a@b.c"}, "ip": "203.0.113.9", "page": {"url": "https://a.example"}},
        original=Original(traits={"EMAIL": "a@b.c"}),
    )
    cleaned = redacting("traits.email", "context.ip").event(one)
    assert "b.c" not in msgspec.json.encode(cleaned).decode()
    assert cleaned.context == {"traits": {}, "page": {"url": "https://a.example"}}


def test_what_was_sent_under_a_name_that_a_rule_cannot_know_is_not_kept_beside_the_event():
    one = event(traits={"city": "Ulm"}, original=Original(event="x", traits={"address": {"city": "Ulm"}}))
    assert redacting("traits.city").event(one).original == Original(event="x")


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("traits.email", " Ann@Shop.Example ", "ann@shop.example"),
        ("traits.phone", "+49 (170) 123-45", "+4917012345"),
        ("traits.mobileNumber", "+49.170.12345", "+4917012345"),
        ("traits.phone", 4917012345, "4917012345"),
        ("traits.phone", 4917012345.0, "4917012345"),
        ("traits.phone", "unknown", "unknown"),
        ("properties.note", "Ünï 1", "ünï 1"),
    ],
)
def test_a_value_is_hashed_as_it_is_compared_trimmed_in_lower_case_a_number_as_its_digits(field, value, text):
    assert hashed(value, field) == sha(text)


def test_values_in_lists_and_objects_are_hashed_each_and_what_says_nothing_stays():
    value = {"mails": ["A@b.c", None, True, ""], "n": 7}
    assert hashed(value, "traits.contact") == {"mails": [sha("a@b.c"), None, True, ""], "n": sha("7")}


def test_what_is_a_hash_already_stays_in_lower_case():
    assert hashed(sha("a").upper()) == sha("a")
    assert hashed(sha("a")) == sha("a")


def test_a_vendor_that_needs_the_value_itself_has_it_kept_and_only_the_others_get_hashes():
    rules = PiiRules(hash_fields=("traits.email",), redact_fields=("traits.ssn",), raw_for=("first",))
    one = event(traits={"email": "a@b.c", "ssn": "1", "age": 7})
    plain = {"email": "a@b.c", "age": 7}
    assert kept(rules).event(one).traits == plain
    assert sent(rules, "first").event(one).traits == plain
    assert sent(rules, "second").event(one).traits == {"email": sha("a@b.c"), "age": 7}
    everybody = msgspec.structs.replace(rules, raw_for=())
    assert kept(everybody).event(one).traits == {"email": sha("a@b.c"), "age": 7}


@pytest.mark.parametrize(
    "rules", [NO_RULES, PiiRules(), PiiRules(enabled=False, redact_fields=("traits.email",)), PiiRules(raw_for=("a",))]
)
def test_rules_that_do_nothing_are_none(rules):
    assert kept(rules) is None
    assert sent(rules, "vendor") is None


def test_a_body_as_it_was_sent_says_where_something_was_taken_out():
    body = {"type": "track", "properties": {"card": CARD, "n": 1}, "traits": "odd", "context": None}
    cleaned = redacting("properties.card", "traits.email").body(body, REDACTED)
    assert cleaned == body | {"properties": {"card": REDACTED, "n": 1}}
    assert body["properties"]["card"] == CARD


NAMES = st.sampled_from(["email", "Email", "e-mail address", "phone", "a", "b.c", "ssn", "note"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
PARTS = st.dictionaries(NAMES, VALUES, max_size=4)
FIELDS = st.lists(st.sampled_from(["email", "phone", "a", "a.email", "b.c", "note.phone", "ssn"]), max_size=4).map(
    lambda names: tuple(f"properties.{name}" for name in names)
)


@given(properties=PARTS, redact=FIELDS, hash_=FIELDS)
def test_rules_done_twice_are_rules_done_once_and_leave_what_was_given_as_it_was(properties, redact, hash_):
    cleaner = kept(PiiRules(redact_fields=redact, hash_fields=hash_))
    before = msgspec.json.encode(properties)
    if cleaner is None:
        return
    once = cleaner.event(event(properties=properties))
    assert cleaner.event(once) is once
    assert msgspec.json.encode(properties) == before


SECRET = st.text(alphabet=string.ascii_lowercase + string.digits, min_size=12, max_size=20).map("secret-{}".format)


@given(secret=SECRET, depth=st.integers(0, 3), inside=st.sampled_from(["text", "list", "object"]), how=st.booleans())
def test_no_text_of_a_field_with_a_rule_is_left_anywhere_in_the_event(secret, depth, inside, how):
    value = {"text": secret, "list": [secret, [secret]], "object": {"deep": {"er": secret}}}[inside]
    names = [f"n{level}" for level in range(depth)] + ["Customer Mail"]
    properties = value
    for name in reversed(names):
        properties = {name: properties}
    field = ".".join(["properties", *names[:-1], "customer_mail"])
    rules = PiiRules(redact_fields=(field,)) if how else PiiRules(hash_fields=(field,))
    one = event(properties=properties, original=Original(properties=properties))
    assert secret not in msgspec.json.encode(kept(rules).event(one)).decode()
