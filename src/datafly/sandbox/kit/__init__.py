"""What rooms have in common: a front with faults, limits and a record, a store, a control API, a panel.

A room says what its vendor answers (`vendor.Vendor`), and is one by `room_of`. Insider's is older, and richer, than
this.
"""

from datafly.sandbox.kit.room import room_of
from datafly.sandbox.kit.store import Verdict
from datafly.sandbox.kit.vendor import Call, Credential, Endpoint, Kind, OurWord, Outcome, Pool, Vendor

__all__ = ["Call", "Credential", "Endpoint", "Kind", "OurWord", "Outcome", "Pool", "Vendor", "Verdict", "room_of"]
