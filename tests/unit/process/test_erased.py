"""Whoever was erased is forgotten by process, and is not learnt anew from what came before."""

import msgspec
import pytest

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.sqlite import SqliteLog
from datafly.model.erasure import NOBODY_ERASED, Erased, Whom
from datafly.model.event import Event, Received
from datafly.model.pii import hashed
from datafly.model.secret import Secret
from datafly.process import StateReader
from datafly.process.processor import PartitionWorker

NOW = 1_795_600_000_000
KEY = Secret("ab" * 32)


class House:
    def __init__(self, folder):
        self.folder, self.at, self.count, self.erased = folder, NOW, 0, NOBODY_ERASED
        self.log = SqliteLog(folder / "log", {RAW: 1, EVENTS: 1})
        self.gateway = SqliteLog(folder / "log", {RAW: 1, EVENTS: 1}).appender(RAW, 0)
        self.worker = self.opened("state")

    def opened(self, state):
        return PartitionWorker(self.log, self.folder / state, 0, dict, erased=lambda: self.erased)

    def receive(self, **body):
        """Received now, and processed; the event that it became."""
        self.count, self.at = self.count + 1, self.at + 1_000
        raw = msgspec.Raw(msgspec.json.encode(body))
        received = Received("pip", f"m{self.count}", self.at, raw, body.get("anonymousId"))
        self.gateway.append([Entry("k", msgspec.json.encode(received))])
        while self.worker.turn():
            pass
        reader = self.log.reader(EVENTS, 0)
        *_, last = reader.read(0, max_records=1_000)
        reader.close()
        return msgspec.json.decode(last.value, type=Event)

    def erase(self, whom):
        self.erased = Erased(KEY, {**self.erased.marks, **dict.fromkeys(whom.digests(KEY), self.at)})

    def anew(self):
        """With a state that is learnt from the log."""
        self.worker.close()
        self.worker = self.opened("anew")

    def whom(self, **asked):
        reader = StateReader(self.folder / "state", 1)
        found = reader.whom(**asked)
        reader.close()
        return found

    def close(self):
        self.worker.close()
        self.gateway.close()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def test_all_ids_of_somebody_are_found_by_any_of_them(house):
    house.receive(type="identify", anonymousId="a-1", userId="jane", traits={"email": "Jane@Example.com", "phone": "1"})
    house.receive(type="identify", anonymousId="a-2", userId="jane")
    house.receive(type="identify", anonymousId="a-3", userId="jane2", traits={"email": "other@example.com"})
    house.receive(type="identify", anonymousId="a-4", userId="jan")
    whole = Whom(("jane",), ("a-1", "a-2"), {"email": "Jane@Example.com", "phone": "1"})
    assert house.whom(user_id="jane") == whole
    assert sorted(house.whom(anonymous_id="a-2").anonymous_ids) == ["a-1", "a-2"]
    assert house.whom(email="jane@EXAMPLE.com").user_ids == ("jane",)
    assert house.whom(user_id="nobody") == Whom(("nobody",))


def test_somebody_of_whom_only_the_hash_of_an_address_is_known_is_found_by_the_address(house):
    house.receive(type="identify", anonymousId="a-1", userId="jane", traits={"email": hashed("Jane@Example.com")})
    assert house.whom(email="JANE@example.com").user_ids == ("jane",)
    assert house.whom(email="joe@example.com").user_ids == ()


@pytest.mark.parametrize("is_anew", [False, True])
def test_a_later_event_brings_nothing_back_that_was_erased_also_where_the_state_is_learnt_anew(house, is_anew):
    house.receive(type="identify", anonymousId="a-1", userId="jane", traits={"plan": "gold"})
    house.receive(type="identify", anonymousId="a-2", userId="joe", traits={"plan": "blue"})
    assert house.receive(type="track", event="x", userId="jane").known_traits == {"plan": "gold"}
    house.erase(Whom(("jane",), ("a-1",)))
    if is_anew:
        house.anew()
    later = house.receive(type="track", event="x", anonymousId="a-1")
    assert (later.user_id, later.known_traits) == (None, {})
    assert house.receive(type="track", event="x", userId="jane").known_traits == {}
    assert house.receive(type="track", event="x", userId="joe").known_traits == {"plan": "blue"}


def test_nothing_of_them_is_on_disk_any_more_and_who_comes_anew_is_kept_when_somebody_else_is_erased(house):
    house.receive(type="identify", anonymousId="a-1", userId="jane", traits={"plan": "gold"})
    house.erase(Whom(("jane",), ("a-1",)))
    house.worker.turn()
    assert house.whom(user_id="jane") == Whom(("jane",))
    house.receive(type="identify", anonymousId="a-1", userId="jane", traits={"plan": "silver"})
    house.erase(Whom(("joe",)))
    house.worker.turn()
    assert house.receive(type="track", event="x", userId="jane").known_traits == {"plan": "silver"}
    assert house.whom(user_id="jane").anonymous_ids == ("a-1",)


def test_what_somebody_chose_on_consent_is_kept_for_it_keeps_others_from_collecting(house):
    house.receive(type="page", anonymousId="a-1", context={"consent": {"marketing": False}})
    house.erase(Whom((), ("a-1",)))
    assert house.receive(type="page", anonymousId="a-1").consent.categories["marketing"] is False
