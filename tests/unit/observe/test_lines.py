import errno
import io
import json
import re

import pytest

from datafly.observe import add_sink, counts, emit
from datafly.observe.lines import line_sink
from datafly.observe.store import StoreKeyMade, StoreLedgerTrimmed, StoreMigrated, StoreTransactionFailed


def written(event, *, style, level="info"):
    out = io.StringIO()
    line_sink(role="supervisor", level=level, style=style, stream=out)(event)
    return out.getvalue()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (StoreKeyMade(file="data/encryption.key"), "supervisor  Store key made: file=data/encryption.key"),
        (StoreMigrated(before="", after="0001"), "supervisor  Store migrated: after=0001"),
        (StoreTransactionFailed(error="disk full"), "supervisor  ERROR Store transaction failed: error='disk full'"),
    ],
)
def test_a_line_for_a_person_is_words_without_what_is_empty(event, words):
    assert re.fullmatch(rf"\d\d:\d\d:\d\d {re.escape(words)}\n", written(event, style="text"))


def test_a_line_for_a_machine_is_one_json_object():
    line = json.loads(written(StoreMigrated(before="", after="0001"), style="auto"))
    assert {name: line[name] for name in ("level", "role", "event", "before", "after")} == {
        "level": "info",
        "role": "supervisor",
        "event": "StoreMigrated",
        "before": "",
        "after": "0001",
    }


def test_what_is_below_the_level_is_not_written():
    assert written(StoreLedgerTrimmed(rows=3), style="text") == ""
    assert written(StoreKeyMade(file="x"), style="text", level="warning") == ""
    assert written(StoreLedgerTrimmed(rows=3), style="text", level="debug").endswith("Store ledger trimmed: rows=3\n")


def test_a_line_that_cannot_be_written_stops_nothing_and_is_counted_all_the_same():
    """The output may be a file on the disk that is full: it is of that very trouble that the line tells."""

    class Full(io.StringIO):
        def write(self, _text):
            raise OSError(errno.ENOSPC, "No space left on device")

    before = counts().get("StoreLedgerTrimmed", 0)
    taken_away = add_sink(line_sink(role="gateway", level="debug", style="json", stream=Full()))
    emit(StoreLedgerTrimmed(rows=3))
    taken_away()
    assert counts()["StoreLedgerTrimmed"] == before + 1
