"""What time does: eventual consistency, retention, quotas; sections 5.3 and 7 of the contract."""

import pytest


async def _profile(insider, **asked):
    return await insider.post(
        "/api/user/v1/profile", {"identifiers": {"uuid": "user-123"}, "attributes": ["*"], **asked}
    )


async def _lag(insider, seconds):
    await insider.control("/settings", "PATCH", {"lag_seconds": seconds})


async def test_a_profile_just_written_is_there_at_once_unless_asked_otherwise(insider, person):
    await insider.upsert(person())
    assert (await _profile(insider)).status_code == 200


async def test_with_a_lag_a_profile_just_written_is_not_visible_at_once(insider, person, event, clock):
    await _lag(insider, 90)
    reply = await insider.upsert(person(events=[event(), event()]))
    assert reply.json() == {"data": {"successful": {"count": 1}, "fail": {}}}
    assert (await _profile(insider)).json() == {"error": "no such user for these identifiers: no data"}
    assert (await insider.control("/totals"))["pending_users"] == 1
    clock.advance(seconds=89)
    assert (await _profile(insider)).status_code == 404
    clock.advance(seconds=1)
    assert (await _profile(insider)).status_code == 200
    (event_stored,) = (await insider.user("user-123"))["events"]
    assert event_stored["times_received"] == 2


async def test_the_verdict_of_what_waited_is_completed_when_it_is_written(insider, person, event, clock):
    await _lag(insider, 60)
    await insider.upsert(person(attributes={"tier": "gold"}, events=[event()]), person(identifiers={"email": "j"}))
    first, second = await insider.verdicts()
    assert (first["due_at"], first["profile_id"], first["ignored"]) == ("2026-11-23T12:01:00.000Z", None, [])
    assert second["accepted"] is False
    clock.advance(seconds=60)
    first, second = await insider.verdicts()
    assert (first["due_at"], first["stored_events"], len(first["ignored"])) == (None, 1, 1)
    assert second["accepted"] is False
    assert (await insider.control("/requests"))[0]["ignored"] == 1


async def test_what_waits_is_written_in_its_order(insider, person, clock):
    await _lag(insider, 60)
    for city in ("London", "Leeds"):
        await insider.upsert(person(attributes={"city": city}))
    clock.advance(seconds=60)
    assert (await insider.user("user-123"))["profile"]["attributes"] == {"city": "Leeds"}


async def test_a_change_of_the_lag_makes_visible_what_waits(insider, person):
    await _lag(insider, 3600)
    await insider.upsert(person())
    await _lag(insider, 0)
    assert (await _profile(insider)).status_code == 200


async def test_what_waits_survives_a_restart(started, called, person, clock):
    first = started()
    insider = called(first)
    await _lag(insider, 60)
    await insider.upsert(person())
    first.close()
    clock.advance(seconds=60)
    assert (await called(started()).user("user-123"))["profile"]["attributes"] == {"name": "Jane"}


async def test_a_profile_that_nobody_updates_for_twelve_months_is_removed(insider, person, clock):
    await insider.upsert(person(), person("user-456"))
    clock.advance(days=200)
    await insider.upsert(person("user-456"))
    clock.advance(days=165, seconds=1)
    await insider.upsert(person("user-789"))
    assert (await _profile(insider)).status_code == 404
    assert {user["identifiers"][0]["value"] for user in await insider.control("/users")} == {"user-456", "user-789"}


@pytest.mark.parametrize(("name", "days"), [("page_view", 90), ("sign_up_confirmation", 365), ("purchase", 730)])
async def test_an_event_is_forgotten_when_its_retention_is_over(insider, person, event, clock, *, name, days):
    params = {"event_group_id": "ORD-9", "unit_sale_price": 10, "currency": "GBP"}
    await insider.upsert(person(events=[event(name, timestamp=clock().isoformat(), event_params=params)]))
    for span in (days - 1, 2):
        clock.advance(days=span / 2)
        await insider.upsert(person())
        clock.advance(days=span / 2)
        await insider.upsert(person())
        assert len((await insider.user("user-123"))["events"]) == (1 if span == days - 1 else 0)


async def test_a_profile_read_tells_its_quota_if_asked(insider, person):
    await insider.upsert(person())
    assert "quota" not in (await _profile(insider)).json()
    body = (await _profile(insider, quota=True)).json()
    assert body["quota"] == {"cost": 2.5, "used": 5.0, "total": 1000}


async def test_profile_reads_end_with_their_quota_of_a_minute(insider, person, clock):
    await insider.upsert(person())
    statuses = [(await _profile(insider)).status_code for _ in range(401)]
    assert statuses == [200] * 400 + [429]
    clock.advance(seconds=60)
    assert (await _profile(insider)).status_code == 200


async def test_events_of_a_profile_are_limited_if_asked(insider, person, event):
    await insider.upsert(person(events=[event(), event(timestamp="2026-11-23T10:00:01Z"), event("login")]))
    wanted = {"limit_per_source": 1, "wanted": [{"event_name": "page_view", "params": []}, {"event_name": "login"}]}
    events = (await _profile(insider, events=wanted)).json()["events"]
    assert [len(events[name]) for name in ("page_view", "login")] == [1, 1]
