"""Every integration that the catalogue finds."""

import pytest

from datafly import catalog
from datafly.testing.integration_suite import IntegrationSuite


class TestIntegrations(IntegrationSuite):
    pass


def test_every_definition_keeps_the_rules_of_its_tier():
    assert [str(finding) for finding in catalog.check()] == []


@pytest.mark.parametrize("integration", catalog.all(), ids=lambda one: one.slug)
def test_every_reason_not_to_send_is_shown_by_a_sample(integration):
    shown = {sample.refuses for sample in integration.samples}
    assert [refusal.reason for refusal in integration.refusals() if refusal.reason not in shown] == []
