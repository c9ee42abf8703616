"""An import over loopback: every row arrives once or is in the report with its reason, whatever happens on the way."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datafly.backfill import checkpoint as checkpoints
from datafly.backfill import run as backfill_run
from datafly.backfill.refusal import Reason
from datafly.backfill.run import Interrupted
from datafly.model.errors import OperatorError
from datafly.runtime.backfill import Hands, Wanted, run_import
from datafly.settings import Settings

MAPPING = """
mappings:
  event: {value: Order Completed}
  userId: user
  properties.total: {column: total, type: number}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    return tmp_path


def write_rows(folder, count, name="rows.csv"):
    rows = "".join(f"user-{number % 100},{number}\n" for number in range(count))
    (folder / name).write_text("user,total\n" + rows)
    return Path(name)


class Watcher:
    def __init__(self):
        self.said, self.stands, self.waited, self.stop_after = [], [], [], None
        self.later_ms = 0

    def hands(self):
        return Hands(self.stands.append, self.said.append, self.waited.append, self.stops, self.now_ms)

    def now_ms(self):
        return time.time_ns() // 1_000_000 + self.later_ms

    def stops(self):
        return self.stop_after is not None and len(self.stands) >= self.stop_after


def import_into(gateway, *files, watcher=None, **more):
    wanted = {"map": Path("mapping.yaml"), "url": gateway.url, "key": "dk_test", "ahead": 0.0, **more}
    return run_import(Settings(), Wanted(files=list(files), **wanted), (watcher or Watcher()).hands())


def totals(gateway):
    return [event["properties"]["total"] for event in gateway.events]


def report(name="rows.csv.refused.ndjson"):
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


# --- what is posted ---------------------------------------------------------------------------------------------------


def test_every_row_arrives_once_in_order_by_the_door_for_history(folder, gateway):
    done = import_into(gateway, write_rows(folder, 1_234))
    assert totals(gateway) == list(range(1_234))
    assert (done.counts.read, done.counts.accepted, done.counts.refused, done.report) == (1_234, 1_234, 0, None)
    assert {path for path, _, _ in gateway.requests} == {"/v1/import"}
    assert [size for _, _, size in gateway.requests] == [500, 500, 234]


def test_the_machine_of_the_import_is_not_told_as_that_of_the_person(folder, gateway):
    import_into(gateway, write_rows(folder, 1))
    headers = gateway.requests[0][1]
    assert headers["X-IP-Policy"] == "remove"
    assert "User-Agent" not in headers
    assert headers["Authorization"] == "Bearer dk_test"


def test_a_row_has_the_same_message_id_each_time_and_equal_rows_have_different_ones(folder, gateway):
    (folder / "rows.csv").write_text("user,total\na,1\na,1\n")
    import_into(gateway, Path("rows.csv"))
    import_into(gateway, Path("rows.csv"), from_start=True)
    first, second, again, again_second = (event["messageId"] for event in gateway.events)
    assert first != second
    assert (first, second) == (again, again_second)


def test_an_id_of_the_row_is_its_message_id(folder, gateway):
    (folder / "mapping.yaml").write_text(MAPPING + "  messageId: total\n")
    import_into(gateway, write_rows(folder, 2))
    assert [event["messageId"] for event in gateway.events] == ["0", "1"]


def test_several_files_are_one_import(folder, gateway):
    done = import_into(gateway, write_rows(folder, 3, "a.csv"), write_rows(folder, 2, "b.csv"))
    assert totals(gateway) == [0, 1, 2, 0, 1]
    assert done.counts.accepted == 5


def test_large_events_go_in_smaller_batches(folder, gateway):
    wide = "x" * 60_000
    (folder / "rows.csv").write_text("user,total,wide\n" + f"u,1,{wide}\n" * 200)
    (folder / "mapping.yaml").write_text(MAPPING + "  properties.wide: wide\n")
    import_into(gateway, Path("rows.csv"))
    sizes = [size for _, _, size in gateway.requests]
    assert sum(sizes) == 200
    assert max(sizes) * 60_000 < 5 * 1024 * 1024


def test_an_export_can_be_given_what_it_lacks_such_as_consent(folder, gateway):
    (folder / "mapping.yaml").write_text(
        "shape: segment\nmappings: {context.consent.marketing: {value: true}}\nonly: {column: event, is: A}\n"
    )
    rows = [{"type": "track", "event": name, "userId": "u", "context": {"ip": "192.0.2.1"}} for name in "AB"]
    (folder / "raw").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert import_into(gateway, Path("raw")).counts.skipped == 1
    (event,) = gateway.events
    assert (event["event"], event["context"]) == ("A", {"ip": "192.0.2.1", "consent": {"marketing": True}})


# --- what is refused --------------------------------------------------------------------------------------------------


def test_what_is_refused_is_in_the_report_with_its_reason_and_nothing_of_the_row(folder, gateway):
    (folder / "rows.csv").write_text("user,total\na,1\nb,cheap\nc\nbad,4\n")
    gateway.refuses = lambda event: "EVENT_TOO_LARGE" if event["userId"] == "bad" else None
    done = import_into(gateway, Path("rows.csv"))
    assert totals(gateway) == [1]
    assert [(one["row"], one["line"], one["code"]) for one in report()] == [
        (2, 3, "INVALID_VALUE"),
        (3, 4, "RAGGED_ROW"),
        (4, 5, "EVENT_TOO_LARGE"),
    ]
    assert "cheap" not in Path("rows.csv.refused.ndjson").read_text()
    assert done.reasons == {"INVALID_VALUE": 1, "RAGGED_ROW": 1, "EVENT_TOO_LARGE": 1}
    assert Path("rows.csv.refused.ndjson").stat().st_mode & 0o077 == 0


def test_the_rows_themselves_are_in_the_report_where_that_is_asked_for_also_as_csv(folder, gateway):
    (folder / "rows.csv").write_text("user,total\nb,cheap\n")
    import_into(gateway, Path("rows.csv"), with_rows=True, report=Path("out.csv"))
    head, line = Path("out.csv").read_text().splitlines()
    assert head == "file,row,line,code,message,content"
    assert line.startswith('rows.csv,1,2,INVALID_VALUE,"total is no number, for properties.total.",')
    assert line.endswith(',"{""user"":""b"",""total"":""cheap""}"')


def test_rows_that_are_not_meant_are_counted_apart(folder, gateway):
    (folder / "mapping.yaml").write_text(MAPPING + "only: {column: total, is_not: [1, 3]}\n")
    done = import_into(gateway, write_rows(folder, 5))
    assert totals(gateway) == [0, 2, 4]
    assert (done.counts.skipped, done.counts.refused) == (2, 0)


def test_a_file_that_is_no_report_is_never_written_over(folder, gateway):
    (folder / "other.ndjson").write_text("dear")
    with pytest.raises(OperatorError, match="is there already, without a checkpoint beside it"):
        import_into(gateway, write_rows(folder, 1), report=Path("other.ndjson"))
    assert (folder / "other.ndjson").read_text() == "dear"
    assert gateway.events == []


def test_a_second_import_of_the_same_is_refused_while_one_runs_and_harms_nothing(folder, gateway):
    rows, second = write_rows(folder, 1_200), []

    def once():
        if not second:
            second.append("began")
            with pytest.raises(OperatorError, match=r"rows.csv.refused.ndjson.checkpoint is under way"):
                import_into(gateway, rows)

    gateway.on_post = once
    assert import_into(gateway, rows).counts.accepted == 1_200
    assert second
    assert totals(gateway) == list(range(1_200))
    assert not list(folder.glob("*.lock"))


def test_killed_between_report_and_checkpoint_it_can_be_gone_on_with(folder, gateway, monkeypatch):
    (folder / "rows.csv").write_text("user,total\na,1\nb,cheap\n")
    save = checkpoints.save

    def killed(path, checkpoint):
        if checkpoint.counts.read:
            raise SystemExit
        save(path, checkpoint)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save", killed)
        with pytest.raises(SystemExit):
            import_into(gateway, Path("rows.csv"))
    done = import_into(gateway, Path("rows.csv"))
    assert (done.counts.accepted, done.counts.refused) == (1, 1)
    assert [line["row"] for line in report()] == [2]


# --- a gateway that cannot -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_gateway_that_asks_for_time_gets_it_and_then_the_same_batch(folder, gateway, status):
    gateway.answers = [(status, {"Retry-After": "7"}, {"error": {"code": "X", "message": "Not now."}})] * 2
    watcher = Watcher()
    import_into(gateway, write_rows(folder, 10), watcher=watcher)
    assert watcher.waited == [7.0, 7.0]
    assert totals(gateway) == list(range(10))
    assert any("Not now." in stand.waits for stand in watcher.stands)


def test_a_key_that_is_refused_ends_it_with_what_the_gateway_said(folder, gateway):
    gateway.answers = [(401, {}, {"error": {"code": "INVALID_PIPELINE_KEY", "message": "The key is unknown."}})]
    with pytest.raises(OperatorError, match=r"answered 401: The key is unknown\."):
        import_into(gateway, write_rows(folder, 10))
    import_into(gateway, Path("rows.csv"))
    assert totals(gateway) == list(range(10))


def test_a_gateway_that_is_not_there_is_waited_for_and_then_given_up(folder, gateway):
    watcher = Watcher()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(OperatorError, match=r"does not answer \(Connection refused\)\. It was tried 40 times"):
            import_into(gateway, write_rows(folder, 1), watcher=watcher, url=url)
    assert max(watcher.waited) == 30.0


# --- going on --------------------------------------------------------------------------------------------------------


def test_an_import_that_was_asked_to_end_goes_on_behind_its_last_batch(folder, gateway):
    (folder / "rows.csv").write_text(
        "user,total\n" + "".join(f"u,{'x' if n % 100 == 7 else n}\n" for n in range(3_000))
    )
    watcher = Watcher()
    watcher.stop_after = 2
    with pytest.raises(Interrupted):
        import_into(gateway, Path("rows.csv"), watcher=watcher)
    assert 0 < len(gateway.events) < 2_000
    with Path("rows.csv.refused.ndjson").open("a") as file:
        file.write('{"row": "written by a batch that never ended"}\n')
    second = Watcher()
    done = import_into(gateway, Path("rows.csv"), watcher=second)
    assert totals(gateway) == [n for n in range(3_000) if n % 100 != 7]
    assert [one["row"] for one in report()] == list(range(8, 3_001, 100))
    assert (done.counts.accepted, done.counts.refused) == (2_970, 30)
    assert 0 < done.resumed < 3_000
    assert "Going on after" in second.said[0]


class Crashed(Exception):
    pass


@pytest.mark.parametrize(("said", "sent"), [("taken", 3_000), ("again", 3_500)])
def test_what_was_under_way_more_than_a_day_ago_is_not_sent_again_unless_somebody_says_so(
    folder, gateway, monkeypatch, said, sent
):
    """Its message ids are forgotten by then, so it would count twice."""
    rows = write_rows(folder, 3_000)
    note = backfill_run.Import._note

    def crashes(importing, one, batch, taken):
        if len(gateway.requests) == 2:
            raise Crashed
        note(importing, one, batch, taken)

    monkeypatch.setattr(backfill_run.Import, "_note", crashes)
    with pytest.raises(Crashed):
        import_into(gateway, rows)
    monkeypatch.setattr(backfill_run.Import, "_note", note)
    assert len(gateway.events) == 1_000

    late = Watcher()
    late.later_ms = 25 * 3_600_000
    first = gateway.events[500]["messageId"]
    with pytest.raises(OperatorError, match=rf"Rows 501 to 1,000 were under way .* Look whether {first} is among"):
        import_into(gateway, rows, watcher=late)
    assert len(gateway.events) == 1_000
    done = import_into(gateway, rows, watcher=late, under_way=said)
    assert len(gateway.events) == sent
    assert (done.counts.read, done.counts.accepted) == (3_000, 3_000)
    assert sorted(set(totals(gateway))) == list(range(3_000))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: write_rows(Path(), 4), "rows.csv has changed since"),
        (lambda: Path("mapping.yaml").write_text(MAPPING + "  traits.a: user\n"), "The mapping has changed since"),
        (lambda: None, "It was imported whole already, 3 events of 3 rows."),
    ],
)
def test_what_is_not_the_same_import_any_more_is_not_gone_on_with(folder, gateway, change, words):
    import_into(gateway, write_rows(folder, 3))
    change()
    with pytest.raises(OperatorError, match=words):
        import_into(gateway, Path("rows.csv"))
    assert len(gateway.events) == 3
    import_into(gateway, Path("rows.csv"), from_start=True)
    assert len(gateway.events) > 3


def test_another_pipeline_is_another_import(folder, gateway):
    import_into(gateway, write_rows(folder, 3))
    with pytest.raises(OperatorError, match="into another gateway or pipeline"):
        import_into(gateway, Path("rows.csv"), key="dk_other")


def command(gateway, *more):
    words = ["import", "rows.csv", "--map", "mapping.yaml", "--url", gateway.url, "--key", "dk_test", "--ahead", "0"]
    return [sys.executable, "-m", "datafly", *words, *more]


def test_after_kill_9_in_the_middle_every_row_counts_once(folder, gateway):
    write_rows(folder, 20_000)
    for kill_at in (2, 9, 17):
        process = subprocess.Popen(command(gateway), stderr=subprocess.DEVNULL)
        gateway.on_post = lambda at=kill_at, one=process: (
            os.kill(one.pid, signal.SIGKILL) if len(gateway.requests) == at else None
        )
        assert process.wait(60) == -signal.SIGKILL
    gateway.on_post = lambda: None
    assert subprocess.run(command(gateway), stderr=subprocess.DEVNULL, check=False, timeout=60).returncode == 0
    once = {event["messageId"]: event["properties"]["total"] for event in gateway.events}
    assert sorted(once.values()) == list(range(20_000))
    assert len(gateway.events) - len(once) <= 3 * 500  # of each kill, what was in flight


def test_ctrl_c_ends_it_cleanly_and_says_how_to_go_on(folder, gateway):
    write_rows(folder, 20_000)
    process = subprocess.Popen(command(gateway), stderr=subprocess.PIPE, text=True)
    gateway.on_post = lambda: os.kill(process.pid, signal.SIGINT) if len(gateway.requests) == 3 else None
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert said == "Interrupted. What was taken is kept; the same command goes on behind it.\n"
    gateway.on_post = lambda: None
    assert subprocess.run(command(gateway), stderr=subprocess.DEVNULL, check=False, timeout=60).returncode == 0
    assert totals(gateway) == list(range(20_000))


def test_standard_input_is_read_and_cannot_be_gone_on_with(folder, gateway):
    rows = "".join(json.dumps({"user": "u", "total": number}) + "\n" for number in range(10))
    words = [word if word != "rows.csv" else "-" for word in command(gateway)]
    ran = subprocess.run(words, input=rows, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0
    assert "Standard input cannot be read twice" in ran.stderr
    assert totals(gateway) == list(range(10))
    assert not list(folder.glob("*.checkpoint"))


# --- memory ----------------------------------------------------------------------------------------------------------


def peak_kilobytes(gateway, count, folder):
    write_rows(folder, count)
    code = (
        "import resource, sys; from datafly.cli import main; sys.argv[0] = 'datafly'\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    words = [sys.executable, "-c", code, *command(gateway, "--from-start")[3:]]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    return int(ran.stdout.splitlines()[-1])


def test_memory_does_not_grow_with_the_rows(folder, gateway):
    gateway.refuses = lambda _event: gateway.events.clear()
    few, many = (peak_kilobytes(gateway, count, folder) for count in (2_000, 30_000))
    assert many - few < 8_000


def test_the_docs_tell_every_reason():
    page = (Path(__file__).parents[3] / "docs" / "backfill.md").read_text()
    assert [one.name for one in Reason if f"| `{one.name}` | {one.value} |" not in page] == []
