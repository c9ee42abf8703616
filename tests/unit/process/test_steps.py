"""One event through all steps: what comes out, and what is said about it."""

import copy

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly.model.consent import ConsentSettings
from datafly.model.event import Event, Received
from datafly.model.installation import Pipeline
from datafly.process import Context, Duplicate, Memory, Refused, process_one
from datafly.process.dedupe import WINDOW_MS
from datafly.process.unknown import Withheld

NOW = 1_795_600_000_000


def received(body, *, message_id="m-1", at=NOW, sent=None, anonymous_id=None, kind="", pipeline="pip_1"):
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Received(pipeline, message_id, at, msgspec.Raw(raw), anonymous_id, sent, type=kind)


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def process(memory):
    numbers = iter(range(10**6))

    def process_(body, *, context=None, **known):
        known.setdefault("message_id", f"m-{next(numbers)}")
        return process_one(received(body, **known), context or Context(), memory)

    return process_


def said(event):
    return {step.name: step.effect for step in event.steps}


def identify(user_id, anonymous_id="a-1", **traits):
    return {"type": "identify", "userId": user_id, "anonymousId": anonymous_id, "traits": traits}


def track(name="Product Viewed", anonymous_id="a-1", **more):
    return {"type": "track", "event": name, "anonymousId": anonymous_id, **more}


def consenting(categories, anonymous_id="a-1", **more):
    return {"type": "consent", "anonymousId": anonymous_id, "context": {"consent": categories}, **more}


def test_a_plain_event_passes_as_it_is_and_nothing_is_said(process):
    event = process(track(properties={"product_id": "P-1"}, timestamp="2026-11-23T10:00:00Z", userId="u-1"))
    assert event == Event(
        message_id="m-0",
        type="track",
        pipeline_id="pip_1",
        key="a-1",
        timestamp_ms=1_795_428_000_000,
        received_ms=NOW,
        user_id="u-1",
        anonymous_id="a-1",
        event="Product Viewed",
        properties={"product_id": "P-1"},
    )


def test_canonical_names_are_given_and_the_original_is_kept(process):
    sent = {"transaction_id": "T-1", "value": 5, "items": [{"item_id": "P-1"}]}
    event = process(track("purchase", properties=sent))
    assert (event.event, event.label) == ("Order Completed", "Order Completed")
    assert event.properties == {"order_id": "T-1", "revenue": 5, "products": [{"product_id": "P-1"}]}
    assert event.original.event == "purchase"
    assert event.original.properties == sent
    assert said(event)["normalise"].startswith("“purchase” is Order Completed, transaction_id → order_id")


def test_the_body_decides_the_type_and_the_door_where_it_is_silent(process):
    assert process({"anonymousId": "a"}, kind="page").type == "page"
    assert process({"type": "page", "anonymousId": "a"}, kind="page").type == "page"


def test_the_gateways_anonymous_id_is_the_visitors(process):
    event = process({"type": "page"}, anonymous_id="a-9")
    assert (event.anonymous_id, event.key) == ("a-9", "a-9")


def test_the_key_is_the_anonymous_id_else_the_user_id(process):
    assert process(track(userId="u")).key == "a-1"
    assert process({"type": "page", "userId": "u"}).key == "u"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "cannot be read"),
        (b"[1]", "cannot be read"),
        (b'"\xff"', "cannot be read"),
        (b"{}", "not one of the types"),
        ({"type": "purchase", "userId": "u"}, "not one of the types"),
        ({"type": "alias", "userId": "u"}, "previousId"),
        ({"type": "track"}, "needs the name"),
        ({"type": "track", "event": "  "}, "needs the name"),
        ({"type": "page", "userId": ""}, "userId"),
        ({"type": "page", "userId": 7}, "userId"),
        ({"type": "page", "anonymousId": "x" * 256}, "anonymousId"),
        ({"type": "page", "properties": []}, "properties"),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason(process, body, reason):
    outcome = process(body)
    assert isinstance(outcome, Refused)
    assert reason in outcome.reason


@pytest.mark.parametrize(
    ("body", "user_id", "properties"),
    [
        (b'{"type":"page","userId":7,"userId":"ann"}', "ann", {}),
        (b'{"type":"page","properties":[1],"properties":{"a":1}}', None, {"a": 1}),
        (b'{"type":"page","userId":"ann","userId":"bob"}', "bob", {}),
    ],
)
def test_of_a_name_that_is_told_twice_the_last_counts_as_at_the_door(process, body, user_id, properties):
    """What the door acknowledged must not be refused here."""
    event = process(body)
    assert (event.user_id, event.properties) == (user_id, properties)


@pytest.mark.parametrize("identifier", ["x" * 255, "0", "nullable", "ü€😀", " "])
def test_an_id_is_any_non_empty_text(process, identifier):
    assert process({"type": "page", "userId": identifier}).user_id == identifier


# dedupe


def test_a_message_id_counts_once_in_a_pipeline_within_24_hours(process):
    assert isinstance(process(track(), message_id="m"), Event)
    assert process(track(), message_id="m", at=NOW + WINDOW_MS - 1) == Duplicate(NOW)
    assert isinstance(process(track(), message_id="m", at=NOW + WINDOW_MS), Event)


def test_a_clock_that_goes_back_does_not_let_a_duplicate_through(process):
    process(track(), message_id="m")
    assert isinstance(process(track(), message_id="m", at=NOW - 10 * WINDOW_MS), Duplicate)


def test_another_pipeline_may_use_the_same_message_id(process):
    process(track(), message_id="m")
    assert isinstance(process(track(), message_id="m", pipeline="pip_2"), Event)


def test_what_was_refused_may_be_sent_again_put_right(process):
    assert isinstance(process({"type": "track"}, message_id="m"), Refused)
    assert isinstance(process(track(), message_id="m"), Event)


# identity


def test_later_events_of_a_visitor_carry_the_user_and_what_is_known(process):
    told = process(identify("u-1", email="jane@example.com"))
    assert (told.user_id, told.user_id_learnt, told.known_traits) == ("u-1", False, {})
    event = process(track())
    assert (event.user_id, event.user_id_learnt) == ("u-1", True)
    assert event.known_traits == {"email": "jane@example.com"}
    assert event.traits == {}
    assert said(event)["identity"] == "user u-1 is known from an earlier identify"


def test_events_before_identify_stay_anonymous(process):
    assert process(track()).user_id is None


def test_traits_are_merged_new_ones_win_and_null_removes_nothing(process):
    process(identify("u-1", email="old@example.com", plan="free"))
    process(identify("u-1", email="new@example.com", plan=None))
    assert process(track()).known_traits == {"email": "new@example.com", "plan": "free"}


def test_another_user_on_the_same_browser_inherits_nothing(process):
    process(identify("u-1", email="one@example.com"))
    process(identify("u-2"))
    event = process(track())
    assert (event.user_id, event.known_traits) == ("u-2", {})


def test_a_user_who_comes_back_is_known_again(process):
    process(identify("u-1", email="one@example.com"))
    process(identify("u-2"))
    process(identify("u-1"))
    assert process(track()).known_traits == {"email": "one@example.com"}


def test_what_an_anonymous_visitor_said_is_not_handed_to_whoever_logs_in(process):
    process({"type": "identify", "anonymousId": "a-1", "traits": {"email": "guest@example.com"}})
    assert process(track()).known_traits == {"email": "guest@example.com"}
    process(identify("u-1"))
    assert process(track()).known_traits == {}


def test_an_identify_without_user_is_about_the_linked_one(process):
    process(identify("u-1"))
    process({"type": "identify", "anonymousId": "a-1", "traits": {"plan": "gold"}})
    assert process({"type": "track", "event": "Renewed", "userId": "u-1"}).known_traits == {"plan": "gold"}


def test_a_server_that_knows_only_the_user_id_finds_the_same_traits(process):
    process({"type": "identify", "userId": "u-1", "traits": {"email": "jane@example.com"}})
    event = process({"type": "track", "event": "Order Completed", "userId": "u-1"})
    assert (event.known_traits, event.user_id_learnt) == ({"email": "jane@example.com"}, False)


def test_a_user_id_on_another_call_than_identify_links_nobody(process):
    process(track(userId="u-1"))
    assert process(track()).user_id is None


def test_a_group_is_carried_by_later_events_of_the_user(process):
    process(identify("u-1"))
    process({"type": "group", "anonymousId": "a-1", "groupId": "g-1"})
    assert process(track()).group_id == "g-1"
    assert process({"type": "page", "userId": "u-1"}).group_id == "g-1"
    assert process(track(groupId="g-2")).group_id == "g-2"
    process(identify("u-2"))
    assert process(track()).group_id is None


def test_the_traits_of_a_group_are_not_the_users(process):
    process({"type": "group", "userId": "u-1", "groupId": "g-1", "traits": {"name": "ACME"}})
    assert process({"type": "page", "userId": "u-1"}).known_traits == {}


# consent

DEFAULTS = Context({"pip_1": Pipeline("pip_1", "Shop", "shop", "dk_1", consent_defaults={"marketing": True})})


def allowed(event):
    return event.consent.categories, event.consent.source


def test_consent_of_the_event_itself_counts_first(process):
    process(consenting({"marketing": True}))
    event = process(track(context={"consent": {"marketing": False}}), context=DEFAULTS)
    assert allowed(event) == ({"marketing": False}, "event")
    assert not event.consent.allows("marketing")


def test_consent_of_the_visitor_counts_before_the_pipelines_default(process):
    process(consenting({"marketing": False}))
    event = process(track(), context=DEFAULTS)
    assert allowed(event) == ({"marketing": False}, "visitor")
    assert said(event)["consent"] == "marketing denied as the visitor chose"


def test_the_pipelines_default_counts_where_nothing_is_known(process):
    event = process(track(), context=DEFAULTS)
    assert allowed(event) == ({"marketing": True}, "pipeline")
    assert said(event)["consent"] == "marketing granted by the pipeline's default"


def test_consent_is_decided_category_by_category(process):
    process(consenting({"analytics": True}))
    event = process(track(context={"consent": {"functional": True}}), context=DEFAULTS)
    assert allowed(event) == ({"analytics": True, "functional": True, "marketing": True}, "event")
    assert said(event)["consent"] == (
        "analytics granted as the visitor chose; marketing granted by the pipeline's default"
    )


def test_without_a_word_nothing_is_granted(process):
    event = process(track())
    assert allowed(event) == ({}, "")
    assert not event.consent.allows("marketing")


@pytest.mark.parametrize(
    "shape",
    [
        {"advertising": True},
        {"categories": {"X9": True}, "canonical": {"marketing": True}},
        {"categories": {"C0004": True}},
        {"categoryPreferences": {"C0004": True, "C0002": False}},
    ],
)
def test_all_shapes_of_consent_are_read_alike_and_learnt(process, shape):
    assert process(track(context={"consent": shape})).consent.allows("marketing")
    assert process(track()).consent.allows("marketing")


def test_rudderstacks_lists_of_categories_are_read_and_what_is_denied_is_denied(process):
    managed = {"provider": "oneTrust", "allowedConsentIds": ["C0004", 7], "deniedConsentIds": ["C0002"]}
    event = process(track(context={"consentManagement": managed}))
    assert allowed(event) == ({"marketing": True, "analytics": False}, "event")
    both = {"allowedConsentIds": ["C0004"], "deniedConsentIds": ["C0004"]}
    assert not process(track(anonymous_id="a-2", context={"consentManagement": both})).consent.allows("marketing")


@pytest.mark.parametrize("odd", [None, [], "C0004", {"allowedConsentIds": "C0004"}, {"deniedConsentIds": [None, {}]}])
def test_an_odd_list_of_categories_grants_nothing(process, odd):
    assert allowed(process(track(context={"consentManagement": odd}))) == ({}, "")


def test_a_posted_decision_may_be_in_the_properties(process):
    process({"type": "consent", "anonymousId": "a-1", "properties": {"marketing": True}})
    assert process(track()).consent.allows("marketing")


def test_consent_belongs_to_the_visitor(process):
    process(consenting({"marketing": True}, anonymous_id="a-1"))
    assert not process(track(anonymous_id="a-2")).consent.allows("marketing")


def test_an_older_word_that_comes_late_does_not_overwrite_a_newer_one(process):
    process(consenting({"marketing": False}, timestamp="2026-11-23T10:20:00Z"))
    late = process(track(context={"consent": {"marketing": True}}, timestamp="2026-11-23T10:00:00Z"))
    assert not late.consent.allows("marketing"), "what was withdrawn since is not sent"
    assert not process(track()).consent.allows("marketing")


def test_a_later_grant_does_not_open_what_was_denied_when_it_happened(process):
    process(consenting({"marketing": True}, timestamp="2026-11-23T10:20:00Z"))
    late = process(track(context={"consent": {"marketing": False}}, timestamp="2026-11-23T10:00:00Z"))
    assert not late.consent.allows("marketing")
    assert process(track()).consent.allows("marketing")


def told(event):
    return event.consent.choices(), event.consent.changed, event.consent.withdrawn


def test_an_event_that_changes_what_the_visitor_chose_says_so_and_a_repeated_word_does_not(process):
    assert told(process(consenting({"marketing": True, "analytics": False})))[1:] == (("marketing", "analytics"), ())
    assert told(process(consenting({"marketing": True}))) == ({"marketing": True, "analytics": False}, (), ())
    assert told(process(track(context={"consent": {"analytics": True}})))[1:] == (("analytics",), ())
    withdrawn = process(consenting({"marketing": False}))
    assert told(withdrawn) == ({"marketing": False, "analytics": True}, ("marketing",), ("marketing",))
    assert said(withdrawn)["consent"] == "analytics granted as the visitor chose; marketing withdrawn with this event"
    assert told(process(consenting({"marketing": False})))[1:] == ((), ())


def test_a_first_word_that_denies_withdraws_nothing(process):
    assert told(process(consenting({"marketing": False})))[1:] == (("marketing",), ())


def test_any_event_may_carry_a_withdrawal(process):
    process(track(context={"consent": {"marketing": True}}))
    assert process(track(context={"consent": {"marketing": False}})).consent.withdrawn == ("marketing",)


def test_a_default_is_not_told_and_is_withdrawn_only_by_a_user_of_whom_something_was_told_under_it(process):
    assert told(process(identify("u-1"), context=DEFAULTS)) == ({}, (), ())
    assert told(process(consenting({"marketing": False}), context=DEFAULTS))[2] == ("marketing",)
    stranger = process(consenting({"marketing": False}, anonymous_id="a-2", userId="u-2"), context=DEFAULTS)
    assert told(stranger) == ({"marketing": False}, ("marketing",), ())
    partly = process(track(anonymous_id="a-3", context={"consent": {"analytics": True}}), context=DEFAULTS)
    assert told(partly)[0] == {"analytics": True}
    assert partly.consent.allows("marketing")


def test_what_is_told_with_a_late_event_is_the_newest_word_and_it_withdraws_nothing(process):
    process(consenting({"marketing": True}, timestamp="2026-11-23T10:20:00Z"))
    late = process(track(context={"consent": {"marketing": False}}, timestamp="2026-11-23T10:00:00Z"))
    assert told(late) == ({"marketing": True}, (), ())


# promises about any event

TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), TEXT
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=12,
)
OBJECT = st.one_of(st.none(), st.dictionaries(TEXT, JSON, max_size=4))
CONSENT = st.dictionaries(st.sampled_from(["marketing", "advertising", "analytics"]), st.booleans(), max_size=2)
BODY = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias", "consent"])},
    optional={
        "event": st.sampled_from(["purchase", "Product Viewed", "custom"]),
        "userId": st.sampled_from([None, "u-1", "u-2"]),
        "anonymousId": st.sampled_from([None, "a"]),
        "groupId": st.sampled_from([None, "g"]),
        "previousId": st.sampled_from([None, "a", "u-1"]),
        "category": st.sampled_from([None, "Mugs", 7]),
        "timestamp": st.sampled_from([None, "2026-11-23T10:00:00Z", "2036-01-01T00:00:00Z", "soon", 7]),
        "properties": OBJECT,
        "traits": OBJECT,
        "context": st.one_of(
            st.none(), st.builds(lambda choice, more: {**(more or {}), "consent": choice}, CONSENT, OBJECT)
        ),
    },
)
STREAM = st.lists(
    st.tuples(BODY, st.integers(0, 5), st.integers(0, 90_000_000), st.sampled_from([None, -3_000, 0, 100_000])),
    max_size=12,
)


def run(stream):
    memory, events = Memory(), []
    for body, number, later, skew in sorted(stream, key=lambda row: row[2]):
        at = NOW + later
        sent = None if skew is None else at - skew
        outcome = process_one(received(body, message_id=f"m-{number}", at=at, sent=sent), DEFAULTS, memory)
        if isinstance(outcome, Event):
            events.append(outcome)
    return memory, events


def known(memory):
    tables = (memory.visitors, memory.users, memory.choices)
    return [{key: value for key, value in table.items() if value is not None} for table in tables], memory.seen


def nulls(value):
    if isinstance(value, dict):
        return any(nulls(item) for item in value.values())
    return any(nulls(item) for item in value) if isinstance(value, list) else value is None


@settings(max_examples=50)
@given(STREAM)
def test_no_value_is_null_and_no_event_happens_after_it_was_received(stream):
    for event in run(stream)[1]:
        assert not nulls([event.properties, event.traits, event.known_traits, event.context])
        assert 0 <= event.timestamp_ms <= event.received_ms
        assert event.user_id_learnt <= (event.user_id is not None)


@settings(max_examples=50)
@given(STREAM)
def test_an_event_is_what_it_was_after_a_way_through_the_log(stream):
    for event in run(stream)[1]:
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event


@pytest.mark.parametrize("kind", ["group", "identify"])
def test_what_an_anonymous_visitor_said_stays_forgotten_when_it_is_learnt_again(kind, memory, process):
    events = [process({"type": kind, "anonymousId": "a-1", "groupId": "g", "traits": {"plan": "free"}})]
    events.append(process(identify("u-1")))
    before = copy.deepcopy(known(memory))
    for event in events:
        memory.learn(event)
    assert known(memory) == before


@settings(max_examples=50)
@given(STREAM, st.integers(0, 12))
def test_what_is_known_can_be_learnt_again_from_the_events_alone_and_from_anywhere(stream, start):
    memory, events = run(stream)
    before = copy.deepcopy(known(memory))
    replayed = Memory()
    for event in events:
        replayed.learn(event)
    assert known(replayed) == before
    for event in events[start:]:
        memory.learn(event)
    assert known(memory) == before


def test_the_first_identify_of_a_visitor_links_her_anonymous_id_and_no_other_event_does(process):
    assert process(track()).links is None
    assert process(identify("user-1")).links == "a-1"
    assert process(identify("user-1", plan="pro")).links is None
    assert process(track()).links is None
    assert process(identify("user-2")).links is None
    assert process(identify("user-3", anonymous_id=None)).links is None
    assert process({"type": "identify", "anonymousId": "a-2", "traits": {"plan": "pro"}}).links is None
    assert process(identify("user-2", anonymous_id="a-2")).links == "a-2"


# --- what the SDKs of others say in their own way ---------------------------------------------------------------------


def test_a_screen_is_an_event_of_its_own_and_keeps_its_name_and_category(process):
    event = process({"type": "screen", "userId": "u-1", "name": "Home", "category": "Start"})
    assert (event.type, event.label, event.name, event.properties) == (
        "screen",
        "screen",
        "Home",
        {"category": "Start"},
    )


def test_a_category_among_the_properties_of_a_page_beats_the_one_beside_them(process):
    assert process({"type": "page", "category": "A", "properties": {"category": "B"}}).properties == {"category": "B"}


def test_a_name_among_the_properties_of_a_page_is_the_pages(process):
    assert process({"type": "page", "properties": {"name": "Home"}}).name == "Home"
    assert process({"type": "page", "name": "A", "properties": {"name": "B"}}).name == "A"
    assert process({"type": "page", "properties": {"name": 7}}).name is None


def test_an_alias_gives_later_events_of_the_previous_id_its_user(process):
    alias = process({"type": "alias", "userId": "u-1", "previousId": "a-1"})
    assert (alias.previous_id, alias.user_id, alias.key, alias.links) == ("a-1", "u-1", "a-1", "a-1")
    assert process(track()).user_id == "u-1"
    assert process({"type": "alias", "userId": "u-1", "previousId": "a-1"}).links is None


def test_an_alias_of_a_browser_keeps_its_place_among_its_events_and_the_consent_of_its_visitor(process):
    process(consenting({"marketing": True}))
    alias = process({"type": "alias", "userId": "u-2", "previousId": "u-1", "anonymousId": "a-1"})
    assert alias.key == process(track(userId="u-2")).key == "a-1"
    assert alias.consent.allows("marketing")


def test_an_alias_without_both_ids_is_no_event(process):
    assert isinstance(process({"type": "alias", "userId": "u-1"}), Refused)


def test_the_original_timestamp_counts_where_there_is_no_other(process):
    told = {"originalTimestamp": "2026-11-23T10:00:00Z"}
    assert process(track(**told)).timestamp_ms == 1_795_428_000_000
    assert process(track(**told, timestamp="2026-11-23T11:00:00Z")).timestamp_ms == 1_795_431_600_000


def test_the_preferences_of_segments_consent_are_read(process):
    event = process(track(context={"consent": {"categoryPreferences": {"Advertising": True, "Analytics": False}}}))
    assert event.consent.categories == {"marketing": True, "analytics": False}


def test_history_keeps_its_time_whenever_it_was_sent(memory):
    old = received(track(timestamp="2024-01-31T10:00:00Z"))
    old = msgspec.structs.replace(old, historical=True, sent_ms=old.received_ms - 60_000_000_000)
    event = process_one(old, Context(), memory)
    assert event.timestamp_ms == 1_706_695_200_000
    assert "clock_skew" not in [step.name for step in event.steps]


def test_what_came_as_history_is_history(memory):
    event = process_one(msgspec.structs.replace(received(track()), historical=True), Context(), memory)
    assert event.historical


@pytest.mark.parametrize(
    ("sent", "kept", "words"),
    [
        ({"All": False, "Insider": True}, {"All": False, "Insider": True}, "wants it to go to Insider alone"),
        ({"All": False, "Insider": {"option": 1}}, {"All": False, "Insider": True}, "to Insider alone"),
        ({"Insider": False}, {"Insider": False}, "keeps it from Insider"),
        ({"All": False}, {"All": False}, "nowhere"),
    ],
)
def test_which_vendors_the_sender_chose_is_kept_and_told(process, sent, kept, words):
    event = process(track(integrations=sent))
    assert event.integrations == kept
    assert words in said(event)["routing"]


@pytest.mark.parametrize(
    "sent", [None, {}, {"All": True}, {"Insider": True}, {"Insider": 0}, [], "All", 7, {"a": None}]
)
def test_what_keeps_nobody_out_is_not_kept(process, sent):
    event = process(track(integrations=sent))
    assert (event.integrations, said(event).get("routing")) == ({}, None)


def test_many_vendors_are_told_by_a_few_names(process):
    event = process(track(integrations={f"V{number}": False for number in range(30)}))
    assert "and 22 more" in said(event)["routing"]


@pytest.mark.parametrize(
    "placeholder", ["undefined", "null", "NULL", "None", "NaN", "(null)", "[object Object]", " null "]
)
def test_an_id_that_a_broken_page_sends_for_everybody_is_nobodys(process, memory, placeholder):
    process(identify(placeholder, anonymous_id="a-1", email="a@example.com"))
    process(identify(placeholder, anonymous_id="a-2", email="b@example.com"))
    event = process(track(anonymous_id="a-2"))
    assert (event.user_id, event.anonymous_id, event.known_traits) == (None, "a-2", {"email": "b@example.com"})
    assert placeholder not in memory.users


def test_what_was_left_out_of_an_events_ids_is_told(process):
    process(identify("u-1"))
    event = process(track(userId="undefined"))
    assert event.user_id == "u-1"
    assert said(event)["identity"].startswith("userId “undefined”: nobody's id, left out; user u-1")


@pytest.mark.parametrize("identifier", ["0", "1", "nobody", "undefined-1", "nullable"])
def test_what_only_looks_like_a_placeholder_is_an_id(process, identifier):
    assert process(identify(identifier)).user_id == identifier


def test_placeholders_are_no_key_and_an_alias_of_one_links_nobody(process):
    assert process(track(anonymous_id="undefined"), message_id="m-9").key == "m-9"
    alias = process({"type": "alias", "userId": "null", "previousId": "a-1"})
    assert (alias.user_id, alias.previous_id, alias.links) == (None, "a-1", None)
    assert process({"type": "alias", "userId": "u-1", "previousId": "null"}).previous_id is None
    assert process(track()).user_id is None


# --- consent settings -------------------------------------------------------------------------------------------------

SHOP = {"pip_1": Pipeline("pip_1", "Shop", "shop", "dk_1", consent_defaults={"marketing": True})}


def settled(**settings):
    return Context({}, ConsentSettings(**settings))


def test_defaults_of_all_pipelines_count_where_the_pipeline_says_nothing(process, memory):
    context = Context(SHOP, ConsentSettings(defaults={"marketing": False, "analytics": True}))
    event = process(track(), context=context)
    assert event.consent.categories == {"marketing": True, "analytics": True}
    assert event.consent.source == "defaults"
    assert said(event)["consent"] == (
        "analytics granted by the default of all pipelines; marketing granted by the pipeline's default"
    )
    event = process(track(), context=Context({}, ConsentSettings(defaults={"analytics": True})))
    assert allowed(event) == ({"analytics": True}, "organisation")
    assert said(event)["consent"] == "analytics granted by the default of all pipelines"


@pytest.mark.parametrize(
    "context",
    [
        {"consent": {"Werbung": True, "C0004": False}},
        {"consent": {"categories": {"Werbung": True}}},
        {"consent": {"categoryPreferences": {"Werbung": True}}},
        {"consentManagement": {"allowedConsentIds": ["Werbung"]}},
    ],
)
def test_own_words_of_a_banner_are_understood_and_written_down_as_understood(process, context):
    event = process(track(context=context), context=settled(words={"werbung": "marketing"}))
    assert event.consent.categories == {"marketing": True}
    assert event.context["consent"]["canonical"] == {"marketing": True}
    anew = Memory()
    anew.learn(event)
    assert anew.choices[event.key].categories() == {"marketing": True}


def test_words_that_change_nothing_leave_the_event_as_it_was_sent(process, memory):
    told = {"consent": {"marketing": True}}
    assert process(track(context=told), context=settled(words={"werbung": "marketing"})).context == told


def test_an_event_without_any_consent_is_not_kept_where_that_is_decided_and_teaches_nothing(process, memory):
    context = settled(without_consent="drop")
    assert isinstance(
        process({"type": "identify", "userId": "jane", "traits": {"email": "j@x.example"}}, context=context), Withheld
    )
    assert (memory.users, memory.seen) == ({}, {})
    assert isinstance(process(track(context={"consent": {"marketing": False}}), context=context), Event)


def test_an_event_without_any_consent_is_stripped_of_who_it_is(process, memory):
    sent = {
        "type": "identify",
        "userId": "jane",
        "traits": {"givenName": "Jane"},
        "properties": {"E-Mail": "j@x.example", "name": "Mug"},
        "context": {"ip": "192.0.2.1", "device": {"id": "d-1"}, "locale": "en", "page": {"path": "/"}},
    }
    event = process(sent, context=settled(without_consent="strip"))
    assert (event.traits, event.known_traits, event.properties) == ({}, {}, {"name": "Mug"})
    assert event.context == {"locale": "en", "page": {"path": "/"}}
    assert b"Jane" not in msgspec.json.encode(event)
    assert event.user_id == "jane"
    assert memory.users["jane"].traits == {}
    granted = process(sent | {"context": {"consent": {"analytics": True}}}, context=settled(without_consent="strip"))
    assert granted.traits == {"first_name": "Jane"}
