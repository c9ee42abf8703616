"""What holds for any sequence of upserts: nobody is two people, limits hold, and what is said twice changes nothing."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datafly.sandbox.insider.account import AccountRules
from datafly.sandbox.insider.endpoints import Call
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.history import Stamp
from datafly.sandbox.insider.upsert import answer_upsert
from datafly.sandbox.settings import SandboxSettings

UNTIMED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TYPES = ("uuid", "email", "phone_number", "custom.device")


def _some(values):
    return st.none() | st.sampled_from(values)


identifiers = st.builds(
    lambda uuid, email, phone, device: {
        name: value
        for name, value in {
            "uuid": uuid,
            "email": email,
            "phone_number": phone,
            "custom": device and {"device": device},
        }.items()
        if value is not None
    },
    _some(["u1", "u2", "u3", "0"]),
    _some(["a@example.com", "b@example.com", "nobody"]),
    _some(["+447700900123", "+447700900124"]),
    _some(["d1", "d2", "d3"]),
)
attributes = st.dictionaries(st.sampled_from(["name", "city", "tier"]), st.sampled_from(["x", "y"]), max_size=2)
events = st.lists(
    st.builds(
        lambda name, second, shelf: {
            "event_name": name,
            "timestamp": f"2026-11-23T10:00:0{second}Z",
            "event_params": {"custom": {"shelf": shelf}},
        },
        st.sampled_from(["page_view", "login", "homepageView"]),
        st.integers(0, 2),
        st.integers(0, 1),
    ),
    max_size=3,
)
users = st.builds(
    lambda who, said, liked, done: {
        "identifiers": who,
        "attributes": {**said, "custom": {"liked": liked}},
        "events": done,
    },
    identifiers,
    attributes,
    st.lists(st.sampled_from("abc"), max_size=2),
    events,
)
rules = st.builds(
    lambda order, limits: AccountRules(identifier_types=tuple(order), identifier_limits=limits),
    st.permutations(TYPES).map(lambda order: order[:3]),
    st.dictionaries(st.sampled_from(TYPES), st.integers(1, 3)),
)


class Room:
    """An account in memory that is sent requests, and all that is known in it."""

    def __init__(self, wanted: AccountRules) -> None:
        self.state = State(Path(":memory:"), SandboxSettings(data_dir=Path()))
        before = self.state.accounts.all()[0]
        self.state.accounts.change(before, partner=before.partner, rules=wanted)
        self.account = self.state.accounts.all()[0]

    def upsert(self, sent):
        call = Call(account=self.account, document={"users": sent, "not_append": True}, stamp=Stamp(1, NOON))
        with self.state.transaction():
            return answer_upsert(self.state, call)

    def profiles(self):
        return self.state.profiles.search(self.account, "", limit=1000)

    def known(self):
        """Everything but how often it arrived."""
        return [
            (
                profile,
                self.state.history.of_profile(profile.id),
                [(event.name, event.timestamp, event.custom) for event in self.state.profiles.events(profile.id)],
            )
            for profile in self.profiles()
        ]


@UNTIMED
@given(rules, st.lists(users, min_size=1, max_size=8))
def test_an_identifier_belongs_to_one_profile_and_no_profile_holds_more_than_its_limit(wanted, sent):
    room = Room(wanted)
    for user in sent:
        room.upsert([user])
    holders = Counter((each.type, each.value) for profile in room.profiles() for each in profile.identifiers)
    assert all(count == 1 for count in holders.values())
    assert all(kind in wanted.identifier_types for kind, _ in holders)
    for profile in room.profiles():
        held = Counter(each.type for each in profile.identifiers)
        assert held
        assert all(count <= wanted.limit_of(kind) for kind, count in held.items())
    room.state.close()


@UNTIMED
@given(rules, st.lists(users, max_size=5), users)
def test_a_user_that_is_sent_again_changes_nothing(wanted, before, last):
    room = Room(wanted)
    for user in [*before, last]:
        room.upsert([user])
    known = room.known()
    again = room.upsert([last]).verdicts[0]
    assert again.stored_events == 0
    assert room.known() == known
    room.state.close()


@UNTIMED
@given(rules, st.lists(users, min_size=1, max_size=6))
def test_users_of_one_request_and_of_many_are_judged_alike_and_each_is_counted(wanted, sent):
    together, apart = Room(wanted), Room(wanted)
    verdicts = together.upsert(sent).verdicts
    alone = [apart.upsert([user]).verdicts[0] for user in sent]
    assert [each.accepted for each in verdicts] == [each.accepted for each in alone]
    assert [each.stored_events for each in verdicts] == [each.stored_events for each in alone]
    assert [each.index for each in verdicts] == list(range(len(sent)))
    for room in (together, apart):
        room.state.close()
