"""One canonical name for each standard trait, and the newest word counts in whatever spelling."""

import copy
from collections import defaultdict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model import traits
from datafly.model.event import Received
from datafly.model.taxonomy import fold
from datafly.model.traits import TRAITS, canonical_traits, supersede
from datafly.process.memory import Memory
from datafly.process.steps import Context, process_one

SPELLINGS = [
    ("email", "Email", "EMAIL", "e-mail", "emailAddress"),
    ("phone", "Phone", "phoneNumber", "phone_number", "mobileNumber", "msisdn"),
    ("first_name", "firstName", "firstname", "First Name", "given_name"),
    ("last_name", "lastName", "surname", "familyName"),
    ("birthday", "Birthday", "birthDate", "date_of_birth", "dob"),
    ("country", "Country", "countryCode"),
    ("email_optin", "emailOptIn", "email_opt_in", "EmailOptin"),
    ("gdpr_optin", "gdprOptin", "gdpr_opt_in"),
]
NAMES = st.sampled_from([name for row in SPELLINGS for name in row] + ["plan", "Plan", "address"])
SENT = st.dictionaries(NAMES | st.text(max_size=4), st.integers() | st.just({"City": "Leeds", "zip": 1}), max_size=8)


@pytest.mark.parametrize(("canonical", "spelling"), [(row[0], name) for row in SPELLINGS for name in row])
def test_every_spelling_is_one_trait(canonical, spelling):
    named, renames = canonical_traits({spelling: "x", "plan": "pro"})
    assert named == {canonical: "x", "plan": "pro"}
    assert renames == ([] if spelling == canonical else [(spelling, canonical)])


def test_no_spelling_means_two_traits():
    meanings = defaultdict(set)
    for item in TRAITS:
        for spelling in (item.name, *item.also):
            meanings[fold(spelling)].add(item.name)
    assert all(len(names) == 1 for names in meanings.values())


def test_the_canonical_name_counts_before_any_other_and_the_better_one_before_the_worse():
    assert canonical_traits({"Phone": 1, "phone": 2})[0] == {"Phone": 1, "phone": 2}
    assert canonical_traits({"msisdn": 1, "phoneNumber": 2})[0] == {"msisdn": 1, "phone": 2}


def test_city_and_country_of_an_address_are_told_beside_it():
    address = {"City": "Leeds", "country": "GB", "zip": "LS1"}
    assert canonical_traits({"address": address})[0] == {"address": address, "city": "Leeds", "country": "GB"}
    assert canonical_traits({"address": address, "city": "York"})[0]["city"] == "York"


@given(SENT)
def test_nothing_is_lost_and_what_was_sent_is_not_changed(sent):
    before = copy.deepcopy(sent)
    named, renames = canonical_traits(sent)
    assert sent == before
    moved = {name: target for name, target in renames if not name.startswith("address.")}
    assert {moved.get(name, name): value for name, value in sent.items()}.items() <= named.items()
    assert canonical_traits(named)[0] == named


@given(SENT, SENT)
def test_what_is_told_anew_supersedes_what_was_known_and_nothing_else(known, told):
    left = supersede(known, told)
    assert left.items() <= known.items()
    meanings = {traits.meaning(name) for name in told}
    for name in known:
        assert (name in left) == (name in told or traits.meaning(name) not in meanings)


class House:
    def __init__(self):
        self.memory = Memory()
        self.count = 0

    def sends(self, **body):
        self.count += 1
        received = Received("pl", f"m{self.count}", self.count, msgspec.Raw(msgspec.json.encode(body)))
        return process_one(received, Context(), self.memory)


@pytest.fixture
def house():
    return House()


@pytest.mark.parametrize(
    ("first", "then", "known"),
    [
        ({"phone": "+441"}, {"phoneNumber": "+442"}, {"phone": "+442"}),
        ({"phoneNumber": "+441"}, {"Phone": "+442"}, {"phone": "+442"}),
        ({"loyaltyTier": "gold"}, {"loyalty_tier": "silver"}, {"loyalty_tier": "silver"}),
        ({"city": "Leeds"}, {"address": {"city": "York"}}, {"address": {"city": "York"}, "city": "York"}),
    ],
)
def test_the_newest_word_counts_in_whatever_spelling(house, first, then, known):
    house.sends(type="identify", userId="u", traits=first)
    second = house.sends(type="identify", userId="u", traits=then)
    assert {**second.known_traits, **second.traits} == known
    assert house.sends(type="page", userId="u").known_traits == known


def test_traits_in_the_context_are_traits_and_those_of_the_event_are_newer(house):
    house.sends(type="identify", userId="u", traits={"email": "old@example.com"})
    event = house.sends(type="track", event="E", userId="u", context={"traits": {"Email": "new@example.com"}})
    assert event.traits == {"email": "new@example.com"}
    event = house.sends(type="identify", userId="u", traits={"email": "a@b.c"}, context={"traits": {"Email": "x@y.z"}})
    assert event.traits == {"email": "a@b.c"}


def test_traits_of_a_group_say_nothing_of_the_user_and_those_in_its_context_do(house):
    house.sends(type="identify", userId="u", traits={"email": "jane@example.com", "name": "Jane"})
    event = house.sends(type="group", userId="u", groupId="g", traits={"name": "Acme", "Email": "office@example.com"})
    assert event.traits == {"name": "Acme", "email": "office@example.com"}
    assert event.known_traits == {"email": "jane@example.com", "name": "Jane"}
    event = house.sends(type="group", userId="u", groupId="g", context={"traits": {"E-Mail": "new@example.com"}})
    assert (event.traits, event.known_traits) == ({}, {"name": "Jane", "email": "new@example.com"})


def test_what_was_sent_is_kept_and_told(house):
    event = house.sends(type="identify", userId="u", traits={"Email": "a@b.c"})
    assert event.original.traits == {"Email": "a@b.c"}
    assert event.steps[0].effect == "Email → email"
