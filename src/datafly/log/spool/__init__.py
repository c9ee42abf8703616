"""A log whose brokers may be away for a while: what they do not take waits on this machine's own disk.

A partition's way is *direct*, to the brokers, or it is *behind*: then its records go to the end of the spool, from
which they are replayed in order, and when none is left there its way is direct again. So a record never overtakes
another of its key. What a failure left with the brokers comes again with its copy from the spool: processing knows
messages by their ids.
"""

from datafly.log.spool.disk import Disk
from datafly.log.spool.spooled import Spooled
from datafly.log.spool.spread import Placed, Spread

__all__ = ["Disk", "Placed", "Spooled", "Spread"]
