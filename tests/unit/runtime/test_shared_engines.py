"""What roles share is looked at before they begin."""

import time

import pytest

from datafly.observe import add_sink
from datafly.observe.store import StoreClockApart
from datafly.runtime.shared_engines import tell_clocks
from datafly.store import open_store
from datafly.testing.store_suite import KEY


@pytest.mark.parametrize(("hours", "words"), [(-5, "behind that of the database"), (5, "ahead of that"), (0, "")])
def test_a_clock_that_is_not_that_of_the_database_is_told_with_what_to_do(postgres_store, hours, words):
    told = []
    forget = add_sink(lambda event: told.append(event) if isinstance(event, StoreClockApart) else None)
    skewed = lambda: time.time_ns() // 1_000_000 + hours * 3_600_000  # noqa: E731 - a clock
    with open_store(postgres_store, encryption_key=KEY, now_ms=skewed) as store:
        tell_clocks(store)
    forget()
    assert [round(one.seconds / 3_600) for one in told] == ([hours] if hours else [])
    assert all(words in one.reason and "NTP" in one.reason for one in told)
