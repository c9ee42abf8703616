"""What was told later counts, whichever arrives first: an import of old rows takes nothing back."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.event import Received
from datafly.process import Context, Memory, process_one
from datafly.process.told import AGAIN_MS, late, learn, times

NOW = 1_795_600_000_000
HOUR = 3_600_000


class House:
    """Tells things of one user, each at a time before now."""

    def __init__(self):
        self.memory = Memory()
        self.count = 0

    def tells(self, *, ago=0, kind="identify", historical=True, anonymous_id="a-1", user_id="u-1", **more):
        self.count += 1
        moment = datetime.fromtimestamp((NOW - ago) / 1000, UTC).isoformat()
        body = {"type": kind, "timestamp": moment, "anonymousId": anonymous_id, "userId": user_id, **more}
        body = msgspec.Raw(msgspec.json.encode({name: value for name, value in body.items() if value is not None}))
        received = Received("pip_1", f"m-{self.count}", NOW + self.count, body, anonymous_id, historical=historical)
        return process_one(received, Context(), self.memory)

    @property
    def known(self):
        return self.memory.users["u-1"].traits


@pytest.fixture
def house():
    return House()


def said(event):
    return {step.name: step.effect for step in event.steps}


def test_an_old_identify_that_arrives_late_adds_what_nobody_told_since_and_changes_nothing_else(house):
    house.tells(traits={"email": "new@shop.example", "plan": "pro"}, historical=False)
    old = house.tells(ago=HOUR, traits={"email": "old@shop.example", "city": "Leeds"})

    assert house.known == {"email": "new@shop.example", "plan": "pro", "city": "Leeds"}
    assert old.traits == {"city": "Leeds"}, "no vendor is told what is not so any more"
    assert old.known_traits == {"email": "new@shop.example", "plan": "pro"}
    assert old.original.traits == {"email": "old@shop.example", "city": "Leeds"}
    assert said(old)["identity"] == "newer is known of email"


def test_another_spelling_is_no_way_round(house):
    house.tells(traits={"phone": "+44 1", "loyaltyTier": "gold"})
    old = house.tells(ago=HOUR, traits={"mobile_number": "+44 2", "loyalty_tier": "blue"})

    assert house.known == {"phone": "+44 1", "loyaltyTier": "gold"}
    assert old.traits == {}
    assert old.original.traits == {"mobile_number": "+44 2", "loyalty_tier": "blue"}


def test_what_is_the_same_is_not_dropped_from_an_old_event(house):
    house.tells(traits={"plan": "pro"})
    assert house.tells(ago=HOUR, traits={"plan": "pro"}).traits == {"plan": "pro"}


def test_traits_beside_an_old_event_of_another_type_tell_no_vendor_what_is_not_so_any_more(house):
    house.tells(traits={"plan": "pro"})
    old = house.tells(ago=HOUR, kind="track", event="Signed Up", context={"traits": {"plan": "free"}})
    assert (old.traits, old.known_traits) == ({}, {"plan": "pro"})


def test_what_is_told_again_without_change_is_newer_by_then(house):
    house.tells(ago=9 * HOUR, traits={"plan": "pro"})
    house.tells(ago=2 * HOUR, traits={"plan": "pro"})
    house.tells(ago=5 * HOUR, traits={"plan": "free"})
    assert house.known == {"plan": "pro"}


def test_at_one_time_the_one_that_arrives_last_counts(house):
    for plan in ("free", "pro"):
        house.tells(ago=HOUR, traits={"plan": plan})
    assert house.known == {"plan": "pro"}


def test_an_old_group_or_login_takes_no_newer_one_back(house):
    house.tells(kind="group", groupId="g-new")
    house.tells(user_id="u-2")
    house.tells(ago=HOUR, kind="group", groupId="g-old")
    house.tells(ago=HOUR)

    assert house.memory.users["u-1"].group_id == "g-new"
    assert house.memory.visitors["a-1"].user_id == "u-2", "the browser is that of who logged in last"


def test_an_anonymous_visitor_is_remembered_alike(house):
    house.tells(user_id=None, traits={"city": "York"})
    house.tells(user_id=None, ago=HOUR, traits={"city": "Leeds", "age": 7})
    assert house.memory.visitors["a-1"].traits == {"city": "York", "age": 7}


def test_what_was_learnt_before_times_were_kept_gives_way_to_whatever_is_told():
    assert times({"plan": "free"}, []) == {"plan": 0}
    assert late({"plan": "free"}, [], {"plan": "pro"}, 1) == []
    assert learn({"plan": "free", "age": 7}, [], {"plan": "pro"}, 5) == ({"age": 7, "plan": "pro"}, [0, 5])


TOLD = st.lists(
    st.tuples(st.integers(0, 20), st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3), min_size=1)),
    max_size=8,
    unique_by=lambda one: one[0],
)


@given(told=TOLD, data=st.data())
def test_in_whatever_order_things_arrive_the_newest_of_each_counts_and_learning_again_changes_nothing(told, data):
    newest = {name: value for _, traits in sorted(told, key=lambda one: one[0]) for name, value in traits.items()}
    known, known_ms = {}, []
    for step, traits in [*data.draw(st.permutations(told)), *told]:
        known, known_ms = learn(known, known_ms, traits, (step + 1) * 2 * AGAIN_MS) or (known, known_ms)
    assert known == newest
    again = [learn(known, known_ms, traits, (step + 1) * 2 * AGAIN_MS) for step, traits in told]
    assert again == [None] * len(told)
