"""Samples → what an event is predicted to cost at a vendor that bills by what it is told."""

from datafly.spec.integration import Integration
from datafly.spec.spending import predicted


def predicted_costs(integration: Integration) -> dict[str, int]:
    """Name or type of an event → its cost by its first example, if there is one as it is set up by default."""
    found: dict[str, int] = {}
    for sample in sorted(integration.samples, key=lambda sample: bool(sample.config)):
        if integration.spend is not None and not sample.refuses:
            event = str(sample.event.get("event") or sample.event.get("type"))
            found.setdefault(event, predicted(integration.spend, sample.sends))
    return found
