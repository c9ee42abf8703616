"""(event, installation) → what is sent, or why nothing is. Pure: withdrawals and the time are handed in."""

from datafly.shape.consent import consent_ruling
from datafly.shape.event import shape_event, withheld
from datafly.shape.memory import CompiledOnce
from datafly.shape.personal import by_rules, told_less

__all__ = ["CompiledOnce", "by_rules", "consent_ruling", "shape_event", "told_less", "withheld"]
