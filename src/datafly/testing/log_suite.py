"""What every backend of the log promises, as tests: subclass `LogSuite` and give it a fixture `opening`."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from datafly.log.base import EVENTS, RAW, Entry, Log, Reader, Record, Retention
from datafly.log.group import GroupCommit
from datafly.model.errors import OperatorError
from datafly.testing.log_program import Opening

EVERYTHING = Retention(max_age_seconds=0, max_bytes=0)
_BIG = 2_000_000
_MORE_THAN_AHEAD = 16


def entries(*values: str) -> list[Entry]:
    return [Entry(f"key-{value}", value.encode()) for value in values]


def everything(reader: Reader, start: int = 0, *, at_once: int = 100) -> Iterator[Record]:
    while records := reader.read(start, max_records=at_once):
        yield from records
        start = records[-1].offset + 1


def values(reader: Reader, start: int = 0) -> list[str]:
    return [record.value.decode() for record in everything(reader, start)]


def _as_written(stream: str, consumed: int) -> dict[str, int]:
    """With a position where the stream is made of another."""
    return {} if stream == RAW else {"consumed": consumed}


class Holder:
    """A claimant that keeps what it is told."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self.told: list[str] = []
        self._changed = threading.Condition()

    def assigned(self, partitions: Sequence[int]) -> None:
        self._note("assigned", self.held | {*partitions}, partitions)

    def revoked(self, partitions: Sequence[int]) -> None:
        self._note("revoked", self.held - {*partitions}, partitions)

    def lost(self, partitions: Sequence[int]) -> None:
        self._note("lost", self.held - {*partitions}, partitions)

    def wait_for(self, held: set[int]) -> None:
        self._wait(lambda: self.held == held)

    def wait_for_some(self, count: int) -> None:
        self._wait(lambda: len(self.held) == count)

    def _wait(self, look: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(look, timeout=60), self.told

    def _note(self, what: str, held: set[int], partitions: Sequence[int]) -> None:
        with self._changed:
            self.held = held
            self.told += [what] if partitions else []
            self._changed.notify_all()


class LogSuite:
    """`opening` opens an empty log with `raw` and `events` of two partitions each, here or in another process.

    Its segments hold about 100 records of 100 bytes, so that the suite sees many of them.
    """

    @pytest.fixture
    def opening(self, tmp_path: Path) -> Opening:
        raise NotImplementedError

    @pytest.fixture
    def log(self, opening: Opening) -> Log:
        return opening.open()

    def test_records_are_read_back_whole_in_the_order_of_their_append(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        first = appender.append([Entry("a", b"\x00\xff"), Entry("ü", "žluťoučký".encode())])
        second = appender.append([Entry("", b"")])
        records = list(everything(reader))
        assert [(record.key, record.value) for record in records] == [
            ("a", b"\x00\xff"),
            ("ü", "žluťoučký".encode()),
            ("", b""),
        ]
        assert records[0].offset == first
        assert records[2].offset == second
        assert all(record.at_ms > 0 for record in records)

    def test_a_large_append_and_a_large_value_are_taken(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        appender.append(entries(*(str(number) for number in range(1_234))))
        appender.append([Entry("big", b"x" * 3_000_000)])
        assert values(reader)[:1_234] == [str(number) for number in range(1_234)]
        assert sum(1 for _ in everything(reader)) == 1_235

    def test_streams_and_partitions_are_apart(self, log: Log) -> None:
        assert log.partitions(RAW) == log.partitions(EVENTS) == 2
        for stream, partition in ((RAW, 0), (RAW, 1), (EVENTS, 0)):
            log.appender(stream, partition).append(entries(f"{stream}-{partition}"))
        assert values(log.reader(RAW, 1)) == ["raw-1"]
        assert values(log.reader(EVENTS, 0)) == ["events-0"]
        assert values(log.reader(EVENTS, 1)) == []

    def test_an_empty_partition_can_be_read_before_anyone_wrote_it(self, log: Log) -> None:
        reader = log.reader(EVENTS, 0)
        assert reader.read(0, max_records=10) == []
        assert reader.bounds().earliest == reader.bounds().head
        log.appender(EVENTS, 0).append(entries("a"))
        assert values(reader) == ["a"]

    def test_a_read_is_bounded_by_records_and_by_bytes_and_gives_at_least_one(self, log: Log) -> None:
        log.appender(RAW, 0).append([Entry("k", b"x" * 100)] * 10)
        reader = log.reader(RAW, 0)
        assert len(reader.read(0, max_records=4)) == 4
        assert len(reader.read(0, max_records=10, max_bytes=250)) == 2
        assert len(reader.read(0, max_records=10, max_bytes=1)) == 1

    def test_bounds_name_the_first_readable_and_the_next_offset(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        first = appender.append(entries("a", "b"))
        assert reader.bounds().earliest == first
        assert reader.bounds().head == appender.append(entries("c"))

    def test_what_was_appended_is_there_after_a_reopening(self, opening: Opening) -> None:
        appender = opening.open().appender(EVENTS, 0)
        appender.append(entries("a", "b"), consumed=7)
        appender.close()
        log = opening.open()
        appender = log.appender(EVENTS, 0)
        assert appender.consumed() == 7
        appender.append(entries("c"))
        assert values(log.reader(EVENTS, 0)) == ["a", "b", "c"]

    def test_the_position_is_kept_with_the_records_and_across_segments(self, opening: Opening) -> None:
        appender = opening.open().appender(EVENTS, 0)
        assert appender.consumed() is None
        for number in range(1_000):
            appender.append(entries(f"{number:0100}"), consumed=number)
        appender.append(entries("without"))
        assert appender.consumed() == 999
        appender.append([], consumed=1_000)
        appender.close()
        assert opening.open().appender(EVENTS, 0).consumed() == 1_000

    def test_a_reader_goes_on_over_segments_and_from_any_offset(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        told = [appender.append(entries(f"{number:0100}")) for number in range(500)]
        assert [record.offset for record in everything(reader)] == told
        assert [int(value) for value in values(reader, told[437])] == list(range(437, 500))
        appender.append(entries("next"))
        assert values(reader, told[-1] + 1) == ["next"]

    def test_of_two_writers_one_goes_on_and_the_other_is_told(self, opening: Opening) -> None:
        """The second is refused, or the first is once the second has taken over."""
        holder = opening.open().appender(EVENTS, 0)
        holder.append(entries("first"))
        program = opening.start("append-pairs", "1")
        refused = "OperatorError" in program.communicate()[0]
        if not refused:
            with pytest.raises(OperatorError, match="process"):
                holder.append(entries("second"))
        holder.close()
        appender = opening.open().appender(EVENTS, 0)
        appender.append(entries("mine"))
        between = [] if refused else ["one", "two"]
        assert values(opening.open().reader(EVENTS, 0)) == ["first", *between, "mine"]

    def test_a_reader_in_another_process_sees_each_record_once_while_it_is_written(self, opening: Opening) -> None:
        appender = opening.open().appender(RAW, 0)
        program = opening.start("read", "2000")
        told = [appender.append(entries(f"{number:0100}")) for number in range(2_000)]
        output, _ = program.communicate()
        assert [int(line) for line in output.split()] == told

    def test_every_acknowledged_append_survives_a_kill(self, opening: Opening) -> None:
        acknowledged: list[int] = []
        for _ in range(3):
            acknowledged += _acknowledged_until_killed(opening, appends=70)
            found = {record.offset: record.value for record in everything(opening.open().reader(RAW, 0))}
            assert all(found[offset] == str(offset).encode().zfill(100) for offset in acknowledged)
        assert acknowledged == sorted(set(acknowledged))

    def test_an_append_is_kept_whole_or_not_at_all_and_so_is_its_position(self, opening: Opening) -> None:
        acknowledged = _acknowledged_until_killed(opening, "append-pairs")
        log = opening.open()
        appender = log.appender(EVENTS, 0)
        records = list(everything(log.reader(EVENTS, 0)))
        assert len(records) >= len(acknowledged) * 2
        assert len(records) == 2 * (appender.consumed() or 0)

    def test_retention_drops_the_oldest_segments_and_never_past_what_is_needed(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        told = [appender.append(entries(f"{number:0100}")) for number in range(500)]
        dropped = appender.retain(EVERYTHING, keep_from=told[250])
        left = [record.offset for record in everything(reader)]
        assert dropped
        assert dropped[0][0] == told[0]
        assert [offset for first, last in dropped for offset in range(first, last + 1)] + left == told
        assert told[250] in left
        assert reader.bounds().earliest == left[0]
        assert appender.retain(EVERYTHING, keep_from=told[250]) == []

    def test_below_the_earliest_a_new_reader_goes_on_at_the_earliest(self, log: Log) -> None:
        appender = log.appender(RAW, 0)
        told = [appender.append(entries(f"{number:0100}")) for number in range(500)]
        appender.retain(EVERYTHING, keep_from=told[250])
        reader = log.reader(RAW, 0)
        assert reader.read(0, max_records=1)[0].offset == reader.bounds().earliest > 0

    def test_a_reader_that_stands_in_a_dropped_segment_goes_on(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        told = [appender.append(entries(f"{number:0100}")) for number in range(500)]
        assert reader.read(0, max_records=1)
        appender.retain(EVERYTHING, keep_from=told[-1])
        assert [record.offset for record in everything(reader)][-1] == told[-1]

    def test_what_was_dropped_before_a_reader_had_it_is_told_and_nothing_else(self, log: Log) -> None:
        """More than any reader holds ready, so that the last of it is dropped before it is fetched."""
        appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
        told = [appender.append([Entry("big", os.urandom(_BIG))], consumed=one) for one in range(_MORE_THAN_AHEAD)]
        read = [reader.read(told[0], max_records=1)[0].offset]
        appender.append(entries("after"), consumed=_MORE_THAN_AHEAD)
        appender.retain(EVERYTHING, keep_from=told[-1] + 1)
        gone: set[int] = set()
        while records := reader.read(read[-1] + 1, max_records=1):
            gone.update(range(read[-1] + 1, reader.gone_below(records[0].offset)))
            read.append(records[0].offset)
        assert set(told) - set(read) == set(told) & gone
        assert told[-1] in gone
        assert max(gone) < reader.bounds().earliest <= read[-1]

    def test_looks_find_all_that_comes_soon_and_end_at_the_head(self, log: Log) -> None:
        appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
        start = appender.append(entries("a"), consumed=1)
        at = reader.read(start, max_records=1)[0].offset + 1
        told = [appender.append(entries("b", "c"), consumed=number) for number in (2, 3)]
        found: list[int] = []
        ends = time.monotonic() + 60
        while at < reader.bounds().head and time.monotonic() < ends:
            look = reader.look(at, max_records=1)
            assert look is not None
            records, at = look
            found += [record.offset for record in records]
        assert at == reader.bounds().head
        assert found == [one for first in told for one in (first, first + 1)]

    def test_who_leaps_reads_everywhere_what_is_there_and_ends_at_the_head(self, log: Log) -> None:
        """To and fro between places, as pages do; what follows a place is right too."""
        told = {}
        for stream in (RAW, EVENTS):
            for partition in (0, 1):
                appender = log.appender(stream, partition)
                words = [f"{stream}-{partition}-{number}" for number in range(60)]
                for first in range(0, 60, 20):
                    appender.append(entries(*words[first : first + 20]), **_as_written(stream, first))
                told[stream, partition] = words, appender
        readers = {place: log.reader(*place, leaps=True) for place in told}
        for begin in (55, 0, 30, 59, 10):
            for place, reader in readers.items():
                words, _ = told[place]
                first = [*everything(log.reader(*place))][begin].offset
                assert values(reader, first) == words[begin:]
        for place, reader in readers.items():
            words, appender = told[place]
            head = reader.bounds().head
            assert reader.read(head, max_records=9) == []
            appender.append(entries("more"), **_as_written(place[0], 99))
            ends = time.monotonic() + 60
            while not (found := values(reader, head)) and time.monotonic() < ends:
                time.sleep(0.01)  # brokers show what is committed a moment later
            assert found == ["more"]

    @pytest.mark.parametrize("leaps", [False, True])
    def test_single_records_are_read_near_and_far_ahead_and_back(self, log: Log, *, leaps: bool) -> None:
        appender = log.appender(EVENTS, 0)
        for first in range(0, 6_000, 1_000):
            appender.append(entries(*map(str, range(first, first + 1_000))), consumed=first)
        told = [(record.offset, record.value) for record in everything(log.reader(EVENTS, 0), at_once=1_000)]
        reader = log.reader(EVENTS, 0, leaps=leaps)
        for number in (0, 1, 5, 900, 999, 1_000, 2_500, 2_501, 5_998, 5_999, 3, 4, 5_990, 5_999, 0):
            offset, value = told[number]
            assert [one.value for one in reader.read(offset, max_records=1)] == [value]
        assert reader.read(told[-1][0] + 5, max_records=1) == []
        assert reader.read(told[-1][0], max_records=9)[0].value == told[-1][1]

    def test_a_look_elsewhere_than_where_it_stands_finds_nothing_or_has_to_be_a_read(self, log: Log) -> None:
        appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
        first = appender.append(entries("a", "b", "c"), consumed=1)
        reader.read(first, max_records=2)
        looked = reader.look(first + 1, max_records=1)
        assert looked is None or [record.offset for record in looked[0]] == [first + 1]

    def test_without_a_limit_nothing_is_dropped(self, log: Log) -> None:
        appender = log.appender(RAW, 0)
        told = [appender.append(entries(f"{number:0100}")) for number in range(500)]
        assert appender.retain(Retention(), keep_from=told[-1]) == []
        assert appender.retain(Retention(max_age_seconds=3600, max_bytes=10**9), keep_from=told[-1]) == []

    def test_a_size_limit_drops_no_more_than_it_must(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        told = [appender.append(entries(f"{number:0100}")) for number in range(1_000)]
        appender.retain(Retention(max_bytes=60_000), keep_from=told[-1] + 1)
        left = [record.offset for record in everything(reader)]
        assert left == told[-len(left) :]
        assert 0 < len(left) < 1_000

    def test_offsets_are_never_used_again_even_if_all_was_dropped(self, opening: Opening) -> None:
        appender = opening.open().appender(EVENTS, 0)
        told = [appender.append(entries(f"{number:0100}"), consumed=number) for number in range(300)]
        appender.retain(EVERYTHING, keep_from=told[-1] + 1)
        appender.close()
        log = opening.open()
        appender, reader = log.appender(EVENTS, 0), log.reader(EVENTS, 0)
        assert values(reader) == []
        assert reader.bounds().head >= reader.bounds().earliest > told[-1]
        assert appender.consumed() == 299
        assert appender.append(entries("after")) > told[-1]

    def test_a_time_leads_to_the_first_record_that_was_appended_then_or_later(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        assert reader.offset_at(0) == reader.bounds().head
        for number in range(0, 300, 20):
            appender.append(entries(*(f"{one:0100}" for one in range(number, number + 20))))
        records = list(everything(reader))
        times = sorted({record.at_ms for record in records})
        for at_ms in (0, times[0], times[len(times) // 2], times[-1]):
            first = next(record.offset for record in records if record.at_ms >= at_ms)
            assert reader.offset_at(at_ms) == first
        assert reader.offset_at(times[-1] + 1_000_000) == reader.bounds().head

    def test_who_waits_for_records_reads_them_as_soon_as_they_are_there(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        assert reader.read(0, max_records=10) == []
        later = threading.Timer(0.1, appender.append, [entries("a")])
        later.start()
        while not (records := reader.read(0, max_records=10)):
            reader.wait(30.0)
        assert [record.value for record in records] == [b"a"]
        reader.wait(0.001)
        assert reader.read(records[0].offset, max_records=10) == records
        later.join()

    def test_who_is_alone_in_a_group_holds_every_partition_until_it_leaves(self, log: Log) -> None:
        holder = Holder()
        membership = log.join("role", holder)
        holder.wait_for({0, 1})
        ends = time.monotonic() + 60.0
        while (trouble := membership.trouble()) is not None and time.monotonic() < ends:
            time.sleep(0.01)
        assert trouble is None
        membership.close()
        assert holder.held == set()
        assert holder.told == ["assigned", "revoked"]

    async def test_many_callers_share_commits_and_each_gets_its_own_offset(self, log: Log) -> None:
        appender, reader = log.appender(RAW, 0), log.reader(RAW, 0)
        group = GroupCommit(appender)
        told = await asyncio.gather(*(group.append(entries(f"{n}a", f"{n}b")) for n in range(200)))
        await group.close()
        found = {record.offset: record.value.decode() for record in everything(reader)}
        assert [(found[first], found[first + 1]) for first in told] == [(f"{n}a", f"{n}b") for n in range(200)]


def _acknowledged_until_killed(opening: Opening, command: str = "append", *, appends: int = 200) -> list[int]:
    """Another process appends without end and tells each offset; it is killed in the middle of that."""
    program = opening.start(command, "1000000")
    assert program.stdout is not None
    told = [int(program.stdout.readline()) for _ in range(appends)]
    os.kill(program.pid, signal.SIGKILL)
    rest = program.stdout.read()
    program.wait()
    program.stdout.close()
    whole = rest[: rest.rfind("\n") + 1]
    return told + [int(line) for line in whole.split()]
