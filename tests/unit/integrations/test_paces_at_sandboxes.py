"""What Signal sends at most, where everything wants to leave at once, against the windows that each vendor counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.deliver.pace import Paces
from datafly.sandbox.braze.vendor import BRAZE
from datafly.sandbox.kit.conditions import Conditions
from datafly.sandbox.klaviyo.vendor import KLAVIYO
from datafly.spec.sending import paced_apart
from datafly.testing.clock import FakeClock
from datafly.testing.integration_suite import compiled

SINCE = datetime(2026, 11, 26, tzinfo=UTC)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 9), st.integers(1, 400)),
        st.tuples(st.just("pass"), st.just(0), st.floats(0.1, 70)),
    ),
    min_size=1,
    max_size=12,
)


def pools_of(vendor, path):
    called = [f"{one.method} {one.path.replace('{id}', '{ticket}')}" for one in vendor.endpoints]
    return vendor.endpoints[called.index(path)].pools


@pytest.mark.parametrize("vendor", [KLAVIYO, BRAZE], ids=lambda one: one.slug)
@settings(max_examples=25, deadline=None)
@given(steps=STEPS, under_way=st.lists(st.floats(0, 0.2), min_size=1, max_size=7))
def test_no_window_of_the_vendor_is_ever_exceeded(vendor, steps, under_way):
    """By no call, though some requests are longer under way than others."""
    integration, clock = catalog.get(vendor.slug), FakeClock()
    made, paces = compiled(integration), Paces(clock)
    pacings = [made.limits.pacing, *made.rates.values()]
    paths = [f"POST {integration.routes[0].path}", *(pacing.pool for pacing in made.rates.values())]
    assert {*paths[1:]} == {*paced_apart(integration)}
    arrivals = []
    for what, which, much in steps:
        if what == "pass":
            clock.pass_by(much)
            continue
        pace = paces.of(vendor.slug, "account", pacings[which % len(pacings)])
        for _ in range(much):
            leaves = clock.monotonic() + max(pace.due_in(pace.book()), 0)
            arrivals.append((leaves + under_way[len(arrivals) % len(under_way)], paths[which % len(pacings)]))
    conditions = Conditions({})
    for at, path in sorted(arrivals):
        uses = conditions.spend(1, pools_of(vendor, path), SINCE + timedelta(seconds=at))
        assert not any(use.is_over for use in uses), (path, at)
