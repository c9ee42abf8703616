"""What vendors took, on disk: bounded, forgotten after a while, and never a reason not to deliver."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from datafly.deliver.sent_file import KEPT_MS, SentFile
from datafly.deliver.thrift import Taken
from datafly.model.errors import OperatorError, Unavailable
from datafly.observe.base import add_sink
from datafly.observe.deliver import DeliverSentUnreadable

ANN = b"ann"


@pytest.fixture
def file(tmp_path):
    sent = SentFile(tmp_path / "deliver" / "sent.sqlite3", most=3)
    yield sent
    sent.close()


def test_what_is_kept_is_known_to_everybody_at_once_and_after_a_restart(file, tmp_path):
    other = SentFile(tmp_path / "deliver" / "sent.sqlite3")
    file.keep([Taken("ins", ANN, {"plan": b"1", "size": b"2"})], 1_000)
    file.keep([Taken("ins", ANN, {"plan": b"3"})], 2_000)
    for sent in (file, other):
        assert sent.known("ins", ANN, 3_000) == {"plan": b"3", "size": b"2"}
        assert sent.known("other", ANN, 3_000) == sent.known("ins", b"bob", 3_000) == {}
    other.close()


def test_it_is_forgotten_when_told_and_all_of_it_after_a_while_however_often_a_part_changes(file):
    file.keep([Taken("ins", ANN, {"plan": b"1"})], 0)
    file.keep([Taken("ins", ANN, {"visits": b"2"})], KEPT_MS - 1)
    assert file.known("ins", ANN, KEPT_MS) == {}
    file.keep([Taken("ins", ANN, {"visits": b"3"})], KEPT_MS)
    assert file.known("ins", ANN, KEPT_MS) == {"visits": b"3"}
    assert file.known("ins", ANN, 0) == {}, "a clock that went back knows nothing"
    file.keep([Taken("ins", ANN, None)], KEPT_MS)
    assert file.known("ins", ANN, KEPT_MS) == {}


def test_of_more_subjects_than_there_is_room_for_the_oldest_go(file):
    for begin in range(0, 2_000, 100):
        file.keep([Taken("ins", str(begin + n).encode(), {"plan": b"1"}) for n in range(100)], begin)
    file.keep([Taken("ins", b"new", {"plan": b"1"})], 2_000)
    known = [number for number in range(2_000) if file.known("ins", str(number).encode(), 2_000)]
    assert (len(known), min(known) >= 1_900) == (3, True)
    assert file.known("ins", b"new", 2_000)


def test_a_file_that_cannot_be_used_is_told_with_the_cure(tmp_path):
    (tmp_path / "sent.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(OperatorError, match="Move it away"):
        SentFile(tmp_path / "sent.sqlite3")


def test_what_cannot_be_read_is_sent_again_and_what_cannot_be_kept_is_not_passed_over(tmp_path):
    sent = SentFile(tmp_path / "sent.sqlite3")
    sent.close()
    heard = []
    stop = add_sink(heard.append)
    assert sent.known("ins", ANN, 0) == {}
    stop()
    assert [type(one) for one in heard] == [DeliverSentUnreadable]
    with pytest.raises(Unavailable):
        sent.keep([Taken("ins", ANN, {})], 0)


def keep_some(place, number):
    sent = SentFile(place)
    for count in range(20):
        sent.keep([Taken("ins", b"%d-%d" % (number, count), {"plan": b"1"}), Taken("ins", ANN, {f"{number}": b"1"})], 1)
    sent.close()


def test_workers_that_begin_and_write_at_one_time_lose_nothing_of_each_other(tmp_path):
    place = tmp_path / "deliver" / "sent.sqlite3"
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as workers:
        list(workers.map(keep_some, [place] * 4, range(4)))
    sent = SentFile(place)
    assert sent.known("ins", ANN, 1).keys() == {"0", "1", "2", "3"}
    assert all(sent.known("ins", b"%d-%d" % (number, count), 1) for number in range(4) for count in range(20))
    sent.close()
