"""What every store promises of erasures.

Subclass it and give the fixture `place`: the URL or data directory of an empty store.
"""

import msgspec
import pytest

from datafly.model.erasure import ERASED, USER, VISITOR, ErasureCall, Whom
from datafly.model.errors import NotFound
from datafly.model.event import Event
from datafly.model.verdict import DELIVERED, Ruling, Verdict
from datafly.store import SqlStore
from datafly.testing.clock import FakeClock
from datafly.testing.store_suite import Open, StoreFixtures

WHOM = Whom(("u1",), ("a1",), {"email": "jane@example.com"})
CALL = ErasureCall("", "pi_1", "acme", "Acme")
REFUSED = Ruling(Verdict.REJECTED, "no")


class ErasureSuite(StoreFixtures):
    def test_an_erasure_comes_back_with_its_calls_newest_first(self, store: SqlStore, clock: FakeClock) -> None:
        first = store.control.erase(WHOM, [CALL], created_by="joe")
        clock.jump(5)
        second = store.control.erase(Whom(("u2",)), [CALL], created_by="joe")
        assert [one.id for one in store.control.erasures()] == [second.id, first.id]
        assert store.control.erasure(first.id) == first
        assert (first.whom, first.calls[0].erasure_id, first.created_by) == (WHOM, first.id, "joe")
        with pytest.raises(NotFound, match="There is no erasure ers_0"):
            store.control.erasure("ers_0")

    def test_calls_are_due_by_their_time_until_they_are_final(self, store: SqlStore, clock: FakeClock) -> None:
        now_ms = clock.now_ms()
        late = msgspec.structs.replace(CALL, installation_id="pi_2", next_ms=now_ms + 9)
        made = store.control.erase(WHOM, [late, CALL], created_by="joe")
        ((call, whom),) = store.control.due_calls(now_ms)
        assert (call.installation_id, call.since_ms, whom) == ("pi_1", made.created_ms, WHOM)
        store.control.keep_call(msgspec.structs.replace(call, next_ms=None, ruling=DELIVERED))
        assert store.control.due_calls(now_ms) == []
        assert [call.installation_id for call, _ in store.control.due_calls(now_ms + 9)] == ["pi_2"]

    def test_who_it_was_is_forgotten_when_all_is_done_and_not_before(self, store: SqlStore) -> None:
        other = msgspec.structs.replace(CALL, installation_id="pi_2")
        made = store.control.erase(WHOM, [CALL, other], created_by="joe")
        one, two = made.calls
        store.control.keep_call(msgspec.structs.replace(one, next_ms=None, ruling=DELIVERED))
        store.control.keep_call(msgspec.structs.replace(two, next_ms=None, ruling=REFUSED))
        assert store.control.erasure(made.id).whom == WHOM
        again = store.control.retry_calls(made.id)
        assert [call.is_final for call in again.calls] == [True, False], "only what was not done is done again"
        store.control.keep_call(msgspec.structs.replace(again.calls[1], next_ms=None, ruling=DELIVERED))
        done = store.control.erasure(made.id)
        assert (done.whom, done.digests) == (None, made.digests)
        assert b"jane" not in msgspec.json.encode(done)

    def test_who_it_was_is_forgotten_after_a_month_also_where_a_vendor_did_not_do_it(
        self, store: SqlStore, clock: FakeClock
    ) -> None:
        made = store.control.erase(WHOM, [CALL], created_by="joe")
        store.control.keep_call(msgspec.structs.replace(made.calls[0], next_ms=None, ruling=REFUSED))
        clock.jump(31 * 86_400_000)
        store.control.erase(Whom(("u2",)), [], created_by="joe")
        assert store.control.erasure(made.id).whom is None
        assert store.control.retry_calls(made.id).calls[0].is_final

    def test_what_came_before_is_recognised_without_a_name_in_every_process(self, opens: Open, store: SqlStore) -> None:
        before = store.control.version()
        made = store.control.erase(WHOM, [], created_by="joe")
        assert made.whom is None, "nothing is left to do"
        assert store.control.version() > before, "others hear of it"
        erased = opens().control.erased()
        assert erased.since_ms(USER, "u1") == erased.since_ms(VISITOR, "a1") == made.created_ms
        assert erased.since_ms(VISITOR, "u1") == erased.since_ms(USER, "u2") == 0
        came = Event("m", "track", "pip", "k", 0, made.created_ms, user_id="u1")
        assert erased.covers(came)
        assert not erased.covers(msgspec.structs.replace(came, received_ms=made.created_ms + 1))
        assert not erased.covers(msgspec.structs.replace(came, user_id="u2"))
        assert erased.covers(msgspec.structs.replace(came, user_id=None, anonymous_id="a1"))
        assert ERASED.verdict is Verdict.SKIPPED
