"""What checks a campaign finds what is wrong."""

import pytest
from campaign.promises import Killed, Repeats, nothing_is_lost, order_is_kept, repeats_were_in_flight
from campaign.sink import Request
from campaign.tree import Broken

KILL = Killed("delivery", of_delivery=1, at=10.0, settled=10.5)


def request(at, *marks, answered_at=None):
    return Request("first", at, marks, answered_at)


@pytest.mark.parametrize("arrived", [{("a", 0)}, {("a", 0), ("a", 1), ("a", 2)}])
def test_what_is_missing_or_was_never_sent_is_found(arrived):
    with pytest.raises(Broken):
        nothing_is_lost({"a": 2}, arrived)


def test_everything_in_order_and_a_repeat_of_the_last_request_are_as_promised():
    first, last = (("a", 0), ("a", 1)), (("a", 2), ("b", 0), ("a", 3))
    order_is_kept([request(1, *first), request(2, *last), request(3, ("a", 2)), request(4, ("a", 3), ("b", 0))])


@pytest.mark.parametrize(
    "marks",
    [
        pytest.param([[("a", 0)], [("a", 2)], [("a", 1)]], id="one is overtaken"),
        pytest.param([[("a", 1), ("a", 0)]], id="within a request"),
        pytest.param([[("a", 0)], [("a", 1)], [("a", 0)]], id="a repeat of what was followed"),
    ],
)
def test_what_is_out_of_order_is_found(marks):
    with pytest.raises(Broken):
        order_is_kept([request(at, *one) for at, one in enumerate(marks)])


def test_what_was_under_way_at_a_kill_may_come_twice_and_is_counted():
    requests = [
        request(8.0, ("a", 0), answered_at=8.1),
        request(9.0, ("a", 1), ("b", 0), answered_at=10.1),
        request(9.1, ("c", 0), answered_at=9.2),
        request(10.2, ("d", 0)),
        request(12.0, ("a", 1), ("d", 0), answered_at=12.1),
    ]
    assert repeats_were_in_flight(requests, [KILL], lanes=4) == [Repeats(2, 3, 1, 2, 2)]


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param([request(1.0, ("a", 0), answered_at=1.1), request(2.0, ("a", 0))], id="without a kill"),
        pytest.param(
            [request(1.0, ("a", 0), answered_at=1.1), request(2.0, ("a", 1), answered_at=2.1), request(11, ("a", 0))],
            id="answered and followed before the kill",
        ),
        pytest.param(
            [request(9, ("a", 0)), request(9, ("b", 0)), request(11, ("a", 0), ("b", 0))], id="more than lanes"
        ),
    ],
)
def test_what_came_twice_and_was_not_in_flight_is_found(requests):
    with pytest.raises(Broken):
        repeats_were_in_flight(requests, [KILL], lanes=1)


def test_each_worker_that_died_may_repeat_a_request_a_lane():
    requests = [request(9, ("a", 0)), request(9, ("b", 0)), request(11, ("a", 0), ("b", 0))]
    both = Killed("tree", of_delivery=2, at=10.0, settled=10.5)
    assert repeats_were_in_flight(requests, [both], lanes=1) == [Repeats(2, 2, 0, 2, 2)]


def test_of_several_workers_a_kill_explains_what_another_kill_of_one_of_them_does_not():
    requests = [request(9.0, ("a", 0)), request(9.1, ("b", 0)), request(13, ("a", 0)), request(13, ("b", 0))]
    kills = [Killed("delivery", 1, at, at + 0.5, whole=False) for at in (10.0, 12.0)]
    assert [one.again for one in repeats_were_in_flight(requests, kills, lanes=1)] == [1, 1]
    with pytest.raises(Broken):
        repeats_were_in_flight(requests, kills[:1], lanes=1)


def test_what_all_that_deliver_died_of_is_not_explained_by_a_later_kill():
    requests = [request(9.0, ("a", 0)), request(9.1, ("b", 0)), request(13, ("a", 0)), request(13, ("b", 0))]
    kills = [Killed("delivery", 1, at, at + 0.5) for at in (10.0, 12.0)]
    with pytest.raises(Broken):
        repeats_were_in_flight(requests, kills, lanes=1)
