"""What Prometheus is told at the management port."""

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from datafly.management.figures import standings
from datafly.management.services import hand_in
from datafly.observe.exposition import exposed
from datafly.observe.figures import Figures


@pytest.fixture
def told(house):
    """The metrics of how installations stand, in place of those of a whole tree."""

    async def exposed_here(accept):
        families = Figures().families(standings(house.services), known=[])
        return exposed({"management": families}, accept)

    hand_in(house.app, msgspec.structs.replace(house.services, exposed=exposed_here))


def samples(text):
    """By name, and by the values of labels, in any order."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(one.name.removeprefix("datafly_deliver_"), frozenset(one.labels.values())): one.value for one in found}


def test_lag_age_and_state_of_every_installation_are_told_also_while_delivery_is_away(house, call, told):
    slow, off = house.installed("Slow shop"), house.installed("Off", enabled=False)
    first = house.happens("a", partition=1)
    house.happens("b", partition=1)
    house.happens("c", partition=0)
    house.stands(slow, "suspended", reason="unauthorized")
    house.delivers(slow, first)
    reply = call("GET", "/metrics", role="viewer")
    assert reply.headers["content-type"].startswith("text/plain")
    found = samples(reply.text)

    def value(name, *labels, of=slow):
        return found[name, frozenset({"management", of.id, of.vendor, *labels})]

    assert [value("lag_events", partition) for partition in ("0", "1")] == [1, 1]
    assert value("oldest_event_age_seconds") >= 0
    assert [value("installation_state", name) for name in ("suspended", "running")] == [1, 0]
    assert value("installation_state", "disabled", of=off) == 1
    assert value("installation_info", "Slow shop", slow.pipeline_id) == 1


def test_metrics_take_a_token(call, told, refused):
    refused(call("GET", "/metrics", role=None), 401, "INVALID_TOKEN")


@pytest.mark.parametrize("settings", [{"metrics_open": True}], indirect=True)
def test_metrics_take_none_where_they_are_open_and_nothing_else_is(call, told, refused):
    assert call("GET", "/metrics", role=None).status_code == 200
    refused(call("GET", "/v1/admin/metrics", role=None), 401, "INVALID_TOKEN")
