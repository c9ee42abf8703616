"""What was spent at a vendor today, and what an event costs."""

from collections import Counter

from datafly.management.services import Composed
from datafly.management.views.spending import PredictedView, SpendingView
from datafly.management.views.times import moment
from datafly.model.errors import Conflict
from datafly.spec.faces.costs import predicted_costs
from datafly.store.tallies import DAY_MS, HOUR_MS, SPARED, SPENT


def spending(services: Composed, installation_id: str) -> SpendingView:
    """Raises `NotFound`, or `Conflict` where the vendor counts nothing."""
    installation = services.control.installation(installation_id)
    integration = services.catalog.get(installation.vendor)
    if integration.spend is None:
        raise Conflict(f"{integration.name} does not bill by what it is told.", code="NO_SPENDING", status=409)
    today_ms = services.clock.now_ms() // DAY_MS * DAY_MS
    counts = spent_since(services, installation_id, today_ms)
    spared = counts.pop(SPARED, 0)
    cap = installation.revision.config.get(integration.spend.cap)
    return SpendingView(
        unit=integration.spend.unit,
        note=integration.spend.note,
        since=moment(today_ms),
        spent=sum(counts.values()),
        by_type={name.removeprefix(SPENT): count for name, count in sorted(counts.items())},
        spared=spared,
        cap=cap if isinstance(cap, int) else None,
        predicted=[PredictedView(event, cost) for event, cost in predicted_costs(integration).items()],
    )


def spent_since(services: Composed, installation_id: str, since_ms: int) -> Counter[str]:
    """In the day that begins then: the name of a tally → how much."""
    told = services.ledger.tallies(
        since_ms=since_ms, until_ms=since_ms + DAY_MS, step_ms=HOUR_MS, installation_ids=[installation_id]
    )
    counts: Counter[str] = Counter()
    for one in told:
        if one.name.startswith(SPENT):
            counts[one.name] += one.count
    return counts
