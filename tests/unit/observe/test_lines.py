import errno
import io
import json
import re

import pytest

from datafly.observe import add_sink, counts, emit
from datafly.observe.deliver import DeliverRequestAnswered
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


def answered(**fields):
    told = {
        "installation_id": "pin_1",
        "vendor": "acme",
        "revision": 3,
        "route": "upsert",
        "partition": 0,
        "run_id": "",
    }
    told |= {"attempt_id": "att_1", "status": 200, "outcome": "works", "reason": "", "verdicts": {"DELIVERED": 2}}
    told |= {"events": 2, "items": 2, "body_bytes": 512, "tries": 1, "retry": False, "latency_ms": 41.5, "trace_id": ""}
    return DeliverRequestAnswered(**told | fields)


FINE, REFUSED = answered(), answered(status=400, verdicts={"DELIVERED": 1, "REJECTED": 1}, reason="invalid_email")


@pytest.mark.parametrize(
    ("style", "attempts", "level", "lines"),
    [
        ("json", "auto", "info", 2),
        ("text", "auto", "info", 0),
        ("text", "auto", "debug", 2),
        ("text", "all", "info", 2),
        ("json", "failed", "info", 1),
        ("json", "none", "info", 0),
        ("json", "all", "warning", 0),
    ],
)
def test_of_a_request_there_is_one_line_where_it_is_wanted(style, attempts, level, lines):
    out = io.StringIO()
    sink = line_sink(role="delivery", level=level, style=style, attempts=attempts, stream=out)
    sink(FINE)
    sink(REFUSED)
    assert len(out.getvalue().splitlines()) == lines


def test_the_line_of_a_request_has_all_that_is_known_of_it():
    line = json.loads(written(REFUSED, style="json"))
    assert {"at", "role", "event", *DeliverRequestAnswered.__struct_fields__} <= {*line}
    assert (line["level"], line["status"], line["verdicts"]) == ("info", 400, {"DELIVERED": 1, "REJECTED": 1})
