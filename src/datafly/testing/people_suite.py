"""What every store promises of people: users, sessions, links, tries to log in, the audit log, repeated calls.

Subclass it and give the fixture `place`: the URL or data directory of an empty store.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from datafly.model.errors import Conflict, Invalid, NotFound, SignalError, Unauthorized
from datafly.model.people import AuditEntry, User
from datafly.store import SqlStore, schema
from datafly.testing.clock import FakeClock
from datafly.testing.store_suite import StoreFixtures

LASTS_MS = 1_000
AT_ONCE = 8


def at_once(call: Callable[[], Any]) -> list[Any]:
    """What several threads got, or were refused with."""

    def tried() -> Any:
        try:
            return call()
        except SignalError as error:
            return error

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [future.result() for future in [threads.submit(tried) for _ in range(AT_ONCE)]]


def owner(store: SqlStore, email: str = "o@example.com") -> User:
    return store.control.create_user(User(id="", email=email, role="owner", status="active"))


def written(store: SqlStore, statement: sa.Executable) -> None:
    with store._database.write() as connection:  # noqa: SLF001  there is no other way to ask for it
        connection.execute(statement)


def two_of_one_address(store: SqlStore) -> None:
    with store.control.together():
        owner(store)
        owner(store)


class PeopleSuite(StoreFixtures):
    def test_an_address_is_one_users_however_it_is_written(self, store: SqlStore) -> None:
        user = owner(store)
        assert store.control.user_by_email(" O@EXAMPLE.com") == user
        with pytest.raises(Conflict):
            owner(store, "O@example.com")

    def test_of_two_owners_who_go_at_once_one_stays(self, store: SqlStore) -> None:
        users = [owner(store), owner(store, "p@example.com")]
        with ThreadPoolExecutor(2) as threads:
            tried = [threads.submit(store.control.remove_user, user.id) for user in users]
            refused = [future.exception() for future in tried]
        assert [type(error) for error in refused if error is not None] == [Conflict]
        assert len(store.control.users()) == 1

    def test_a_stale_change_of_a_user_is_refused_and_a_log_in_makes_none_stale(self, store: SqlStore) -> None:
        user = owner(store)
        tag = store.control.etag(user)
        store.control.note_login(user.id)
        changed = store.control.change_user(user.id, {"name": "Olga"}, if_match=tag)
        assert changed.last_login_ms
        with pytest.raises(Conflict, match="changed meanwhile"):
            store.control.change_user(user.id, {"name": "x"}, if_match=tag)

    def test_a_link_is_used_once_whoever_asks_at_the_same_time(self, store: SqlStore) -> None:
        user = owner(store)
        link, text = store.control.create_link("reset", user.id, lasts_ms=LASTS_MS)
        used = at_once(lambda: store.control.use_link(text))
        assert used.count(None) == AT_ONCE - 1
        assert link in used

    def test_a_refresh_token_brings_one_successor_whoever_asks_at_the_same_time(self, store: SqlStore) -> None:
        user = owner(store)
        session, text = store.control.open_session(user.id, "api", method="password", lasts_ms=LASTS_MS)
        found = at_once(lambda: store.control.refresh(text, lasts_ms=LASTS_MS))
        assert sum(isinstance(one, tuple) for one in found) == 1
        assert sum(isinstance(one, Unauthorized) for one in found) == AT_ONCE - 1
        assert store.control.session_in_force(session.id) is None

    def test_a_session_lives_on_while_it_is_used_and_never_over_a_month(
        self, store: SqlStore, clock: FakeClock
    ) -> None:
        day_ms = 24 * 3_600_000
        user = owner(store)
        _, text = store.control.open_session(user.id, "browser", method="link", lasts_ms=2 * day_ms)
        for _ in range(29):
            clock.jump(day_ms)
            assert store.control.session_by_cookie(text, lasts_ms=2 * day_ms)
        clock.jump(day_ms)
        assert store.control.session_by_cookie(text, lasts_ms=2 * day_ms) is None

    def test_who_is_not_active_has_no_session(self, store: SqlStore) -> None:
        owner(store)
        user = store.control.create_user(User(id="", email="jane@example.com", status="active"))
        session, text = store.control.open_session(user.id, "browser", method="link", lasts_ms=LASTS_MS)
        store.control.change_user(user.id, {"status": "disabled"})
        store.control.change_user(user.id, {"status": "active"})
        assert store.control.session_by_cookie(text, lasts_ms=LASTS_MS) is None
        assert store.control.session(session.id).ended_ms
        store.control.remove_user(user.id)
        with pytest.raises(NotFound):
            store.control.session(session.id)

    def test_many_tries_at_one_time_are_many(self, store: SqlStore, clock: FakeClock) -> None:
        waits = at_once(lambda: store.control.count_try("account x", most=3, window_ms=1_000))
        assert waits.count(0) == 3
        assert {wait for wait in waits if wait} == {1_000}
        clock.jump(1_000)
        assert store.control.count_try("account x", most=3, window_ms=1_000) == 0

    def test_a_transaction_is_kept_whole_or_not_at_all(self, store: SqlStore) -> None:
        version = store.control.version()
        with pytest.raises(Conflict):
            two_of_one_address(store)
        assert store.control.users() == []
        assert store.control.version() == version

    def test_entries_come_newest_first_also_of_one_moment(self, store: SqlStore) -> None:
        noted = [store.control.note(AuditEntry("", f"a.{number}", "pipeline", "pip_1", 0)) for number in range(5)]
        assert store.control.audit_log() == noted[::-1]
        assert store.control.audit_log(before=noted[3].id, limit=2) == [noted[2], noted[1]]
        assert store.control.audit_log(action="a.4") == [noted[4]]

    def test_the_database_refuses_to_change_or_shorten_the_audit_log(self, store: SqlStore) -> None:
        noted = store.control.note(AuditEntry("", "a", "pipeline", "pip_1", 0))
        for statement in (sa.delete(schema.audit), sa.update(schema.audit).values(action="b")):
            with pytest.raises(sa.exc.DatabaseError):
                written(store, statement)
        assert store.control.audit_log() == [noted]

    def test_of_calls_with_one_key_at_one_time_one_is_made(self, store: SqlStore) -> None:
        begun = at_once(lambda: store.control.begin_call("tok_1", "k", "hash"))
        assert begun.count(None) == 1
        assert sum(isinstance(one, Conflict) for one in begun) == AT_ONCE - 1
        store.control.finish_call("tok_1", "k", 201, "made")
        assert store.control.begin_call("tok_1", "k", "hash") == (201, "made")
        with pytest.raises(Invalid):
            store.control.begin_call("tok_1", "k", "another")
        assert store.control.begin_call("tok_2", "k", "another") is None
