"""Every integration, of any events in any company: limits, order, and the same bytes when it is sent again."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.spec.faces import event_of
from datafly.testing.batching import require_kept
from datafly.testing.integration_suite import compiled

COMPILED = {one.slug: compiled(one) for one in catalog.all()}
BOUNDS = st.tuples(st.integers(1, 9), st.integers(600, 20_000))


def some_events(integration, picks):
    """Of its samples, each a message of its own and of one of few users."""
    samples = integration.samples
    for number, (which, user) in enumerate(picks):
        event = event_of(samples[which % len(samples)])
        ids = {"message_id": f"m-{number}", "key": f"u-{user}"}
        yield msgspec.structs.replace(event, **ids, user_id=event.user_id and f"u-{user}")


@pytest.mark.parametrize("slug", COMPILED)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 199), st.integers(0, 3)), max_size=30), BOUNDS)
def test_requests_keep_limits_and_order_and_are_the_same_when_they_are_sent_again(slug, picks, bounds):
    made = COMPILED[slug]
    most_items = min(bounds[0], made.limits.max_items)
    limits = msgspec.structs.replace(made.limits, max_items=most_items, max_bytes=bounds[1])
    require_kept(msgspec.structs.replace(made, limits=limits), list(some_events(catalog.get(slug), picks)))
