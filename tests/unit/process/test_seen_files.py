"""The message ids of a day, in files."""

import random

import pytest

from datafly.process import seen_files
from datafly.process.memory import Seen
from datafly.process.seen_files import WINDOW, SeenFiles, find_by_message

NOW = 1_795_600_000_000


@pytest.fixture(autouse=True)
def small_runs(monkeypatch):
    monkeypatch.setattr(seen_files, "FIRST_BUCKETS", 4)
    monkeypatch.setattr(seen_files, "MOST_BUCKETS", 64)


@pytest.fixture
def files(tmp_path):
    files = SeenFiles(tmp_path / "seen", [])
    yield files
    files.close()


CHANCE = random.Random(7)


def seen(number, at=NOW):
    return Seen((CHANCE.randrange(-(2**63), 2**63), CHANCE.randrange(-(2**63), 2**63)), at, number)


def test_what_was_put_is_found_over_many_runs_and_nothing_else(files):
    put = [seen(number) for number in range(3_000)]
    for start in range(0, 3_000, 50):
        files.put(put[start : start + 50])
    assert len(files.runs) > 4
    assert files.find([one.fingerprint for one in put]) == {one.fingerprint: NOW for one in put}
    assert files.find([seen(0).fingerprint for _ in range(3_000)]) == {}


def test_a_bucket_that_is_full_goes_on_in_the_next_also_from_the_last_to_the_first(files):
    crowd = [Seen((3, number), NOW, number) for number in range(30)]
    files.put(crowd)
    assert files.find([one.fingerprint for one in crowd]) == {one.fingerprint: NOW for one in crowd}
    assert files.find([(3, 99), (0, 1)]) == {}


@pytest.mark.parametrize("at_once", [1, 7, 1_500], ids=lambda count: f"{count} at a time")
def test_entries_lie_where_they_are_looked_for_however_many_are_written_at_once(tmp_path, monkeypatch, at_once):
    """Few are written bucket by bucket, many in blocks; full buckets go on behind the end of a block, too."""
    monkeypatch.setattr(seen_files, "FIRST_BUCKETS", 256)
    crowds = [Seen((63 + 64 * (number % 4), number), NOW, number) for number in range(100)]
    put = [*crowds, *(seen(number) for number in range(1_400))]
    files = SeenFiles(tmp_path / "seen", [])
    for start in range(0, len(put), at_once):
        files.put(put[start : start + at_once])
    assert files.find([one.fingerprint for one in put]) == {one.fingerprint: NOW for one in put}
    files.put(put)
    assert [run.entries for run in files.runs] == [1_500]
    assert all(find_by_message(tmp_path / "seen", files.runs[0], one.fingerprint[0]) for one in put)
    files.close()


def test_half_a_match_or_one_across_slots_is_none(files):
    files.put([Seen((1, 2), 3, 4), Seen((1, 5), 6, 7)])
    assert files.find([(2, 3), (1, 3), (3, 4), (4, 1)]) == {}


def test_again_the_same_is_no_change(files):
    put = [seen(number) for number in range(20)]
    files.put(put)
    entries = files.runs[-1].entries
    files.put(put)
    assert files.runs[-1].entries == entries == 20


def test_the_last_receipt_counts(files):
    one = seen(1)
    files.put([one])
    files.put([Seen(one.fingerprint, NOW + WINDOW, 2)])
    files.put([Seen(one.fingerprint, NOW + WINDOW + 5, 3)])
    assert files.find([one.fingerprint]) == {one.fingerprint: NOW + WINDOW + 5}


def test_windows_that_are_over_for_a_day_go_with_their_files(files, tmp_path):
    put = [seen(number, at=NOW + number * WINDOW) for number in range(6)]
    files.put(put)
    files.forget_old()
    assert files.find([one.fingerprint for one in put]).keys() == {one.fingerprint for one in put[2:]}
    assert sorted(file.name for file in (tmp_path / "seen").iterdir()) == [run.name for run in files.runs]


def test_a_clock_that_goes_back_opens_no_old_window(files):
    files.put([seen(1, at=NOW), seen(2, at=NOW - 2 * WINDOW)])
    assert [run.window for run in files.runs] == [NOW // WINDOW]


def test_only_a_run_that_is_finished_is_sealed(files):
    files.put([seen(number) for number in range(100)])
    assert [run.sealed for run in files.runs] == [True] * (len(files.runs) - 1) + [False]


def test_after_a_restart_only_what_the_owner_kept_is_there(files, tmp_path):
    put = [seen(number) for number in range(100)]
    files.put(put)
    kept = files.runs[:-1]
    again = SeenFiles(tmp_path / "seen", kept)
    found = again.find([one.fingerprint for one in put])
    assert len(found) == sum(run.entries for run in kept)
    assert len(list((tmp_path / "seen").iterdir())) == len(kept)
    again.close()


def test_others_find_entries_by_the_first_half_alone(files, tmp_path):
    files.put([Seen((1, 2), NOW, 10), Seen((1, 3), NOW, 11), Seen((2, 2), NOW, 12)])
    assert sorted(find_by_message(tmp_path / "seen", files.runs[0], 1)) == [(2, 10), (3, 11)]
    assert find_by_message(tmp_path / "elsewhere", files.runs[0], 1) == []
