"""What happens now does not wait behind history for longer than was asked for."""

from datafly.backfill.pace import FIRST_ROUND, LARGEST_ROUND, Backlog, Limits, Pace


class World:
    """Delivery that works off `speed` events a second, others that send `live` events a second, and an import, of which
    a part is `refused` and the rest is in the log `late` seconds after it was taken.
    """

    def __init__(self, speed, *, live=0.0, limits=None, stuck="", late=0.0, refused=0.0):
        self.now, self.head, self.mark = 0.0, 0.0, 0.0
        self.speed, self.live, self.stuck, self.installed = speed, live, stuck, True
        self.late, self.refused, self.on_the_way = late, refused, []
        self.sent, self.longest_queue, self.reasons = 0, 0.0, set()
        self.busy = 0.0
        self.pace = Pace(limits or Limits(), look=self.look, clock=lambda: self.now)

    def look(self):
        return Backlog(int(self.head), int(self.mark), self.stuck) if self.installed else None

    def pass_time(self, seconds):
        self.head += self.live * seconds
        self.head += sum(events for due, events in self.on_the_way if due <= self.now)
        self.on_the_way = [one for one in self.on_the_way if one[0] > self.now]
        self.longest_queue = max(self.longest_queue, self.head - self.mark)
        worked = min(self.head - self.mark, self.speed * seconds)
        self.mark += worked
        self.now += seconds

    def run(self, seconds):
        until = self.now + seconds
        while self.now < until:
            permit = self.pace.ask()
            if permit.events:
                accepted = round(permit.events * (1 - self.refused))
                self.pace.sent(permit.events, accepted=accepted)
                self.sent += permit.events
                self.on_the_way.append((self.now + self.late, accepted))
                self.pass_time(0.001)
            else:
                self.reasons.add(permit.reason)
                assert permit.wait_seconds > 0
                self.pass_time(min(permit.wait_seconds, 0.05))
        return self


def test_a_live_event_waits_no_longer_than_was_asked_for_and_a_half():
    world = World(1_000, limits=Limits(ahead_seconds=5)).run(120)
    assert world.longest_queue / 1_000 <= 5 * 1.5 + 0.5


def test_delivery_is_kept_busy_while_nobody_else_sends():
    world = World(1_000).run(120)
    assert world.sent >= 0.9 * 1_000 * 120


def test_a_slow_vendor_has_a_short_queue():
    assert World(10).run(600).longest_queue <= 1.5 * FIRST_ROUND


def test_live_events_leave_an_import_its_share_of_the_time_and_no_more():
    world = World(1_000, live=100, limits=Limits(share=0.5)).run(600)
    assert 0.3 * 1_000 * 600 <= world.sent <= 0.55 * 1_000 * 600
    assert "live events have their share" in world.reasons


def test_a_smaller_share_is_less():
    halves, fifths = (World(1_000, live=50, limits=Limits(share=share)).run(600).sent for share in (0.5, 0.2))
    assert fifths < 0.6 * halves


def test_nothing_is_sent_while_delivery_does_not_go_on_at_all_and_why_is_told():
    world = World(1_000, stuck="Insider does not go on (invalid key)").run(60)
    assert world.sent == 0
    assert world.stuck in world.reasons
    world.stuck = ""
    assert world.run(10).sent > 0


def test_a_pace_that_was_lucky_once_grows_by_steps_and_has_an_end():
    world = World(10_000_000).run(60)
    assert world.longest_queue <= LARGEST_ROUND + 500
    assert world.sent > 1_000_000


def test_without_installations_nobody_is_waited_for():
    world = World(1)
    world.installed = False
    assert world.run(10).sent > 10_000


def test_where_delivery_is_not_to_be_waited_for_only_the_rate_counts():
    assert World(1, limits=Limits(ahead_seconds=0, rate=200)).run(60).sent <= 200 * 61
    assert World(1, limits=Limits(ahead_seconds=0, rate=200)).run(60).sent >= 200 * 58


def test_a_rate_below_one_a_second_is_kept_to():
    assert World(1_000, limits=Limits(rate=0.5)).run(100).sent in range(48, 52)


def test_what_an_import_sent_itself_is_not_taken_for_live_events_however_late_it_is_in_the_log():
    assert "live events have their share" not in World(1_000, late=0.4).run(120).reasons


def test_live_events_are_seen_beside_rows_that_the_gateway_refuses():
    assert "live events have their share" in World(1_000, live=50, refused=0.3).run(120).reasons
