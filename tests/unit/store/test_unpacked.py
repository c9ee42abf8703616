import threading

from datafly.model.delivery import Answer, Attempt, SentRequest
from datafly.store.unpacked import Unpacked


def attempt(name, body_bytes=0):
    return Attempt(
        id=name,
        installation_id="ins",
        revision_id="rev",
        revision_number=1,
        partition=0,
        offsets=(0,),
        delivered=(0,),
        started_ms=1,
        latency_ms=1.0,
        request=SentRequest("POST", "https://vendor.example", {}, "x" * body_bytes),
        response=Answer(status=200, body=""),
    )


class Reading:
    """Notes what is read of the database."""

    def __init__(self, **known):
        self.known = known
        self.read = []

    def __call__(self, names):
        self.read.append(names)
        return {name: self.known[name] for name in names if name in self.known}


def test_an_attempt_is_unpacked_once_for_all_its_events():
    reading = Reading(a=attempt("a"))
    unpacked = Unpacked()
    assert [list(unpacked.get_all(["a"], reading)) for _ in range(3)] == [["a"]] * 3
    assert reading.read == [["a"]]


def test_what_is_missing_is_read_together():
    reading = Reading(a=attempt("a"), b=attempt("b"), c=attempt("c"))
    unpacked = Unpacked()
    unpacked.get_all(["b"], reading)
    assert unpacked.get_all({"c", "b", "a", "gone"}, reading) == reading.known
    assert reading.read == [["b"], ["a", "c", "gone"]]


def test_what_was_used_longest_ago_makes_room():
    reading = Reading(a=attempt("a", 4_000), b=attempt("b", 4_000), c=attempt("c", 4_000))
    unpacked = Unpacked(most_bytes=11_000)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert unpacked.get_all([name], reading)[name].id == name
    assert reading.read == [["a"], ["b"], ["c"], ["b"]]


def test_one_that_is_larger_than_all_there_is_room_for_is_shown_too():
    large = attempt("a", 20_000)
    unpacked = Unpacked(most_bytes=10_000)
    assert unpacked.get_all(["a"], Reading(a=large)) == {"a": large}
    assert unpacked.get_all(["a"], Reading()) == {}


def test_what_is_not_there_is_looked_for_again():
    unpacked = Unpacked()
    assert unpacked.get_all(["a"], Reading()) == {}
    assert list(unpacked.get_all(["a"], Reading(a=attempt("a")))) == ["a"]


def test_several_threads_may_ask_at_a_time():
    unpacked = Unpacked(most_bytes=6_000)
    reading = Reading(**{f"a{number}": attempt(f"a{number}", 500) for number in range(7)})
    wrong = []

    def ask(first):
        for number in range(first, first + 400):
            names = {f"a{number % 7}", f"a{(number + 3) % 7}"}
            found = unpacked.get_all(names, reading)
            if {one.id for one in found.values()} != names:
                wrong.append(names)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
