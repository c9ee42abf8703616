"""How long events wait: one delivery process with its partitions and lanes, in steps of ten milliseconds.

What comes in one step goes together. Arrivals are drawn; a burst comes each minute. A lane holds what it has until its
oldest event waited for the flush interval or the request is full, has one request in flight, and what all lanes send in
a minute is bounded. The process and its processor have one core each.
"""

import math
import random
from collections import deque
from typing import NamedTuple

STEP = 0.01


class Scene(NamedTuple):
    """`rate`: events a second of one delivery process. `burst`: times that, for `burst_seconds` of each minute.

    `before_seconds`: what gateway, brokers and processor take when nothing waits. µs as in `Costs`. `looking`: the part
    of a core that the process spends on looking whether something came.
    """

    rate: float
    lanes: int = 16
    flush_seconds: float = 0.5
    most_items: int = 1_000
    vendor_seconds: float = 0.15
    requests_per_second: float = math.inf
    processor_us: float = 25.0
    delivery_us: float = 30.0
    request_us: float = 1_000.0
    before_seconds: float = 0.03
    looking: float = 0.0
    burst: float = 1.0
    burst_seconds: float = 5.0


class Waits(NamedTuple):
    """Seconds from POST to the vendor's answer, or so far; `busy`: of the delivery process; `waiting`: at the end."""

    p50: float
    p99: float
    busy: float
    most_waiting: int
    waiting: int


class Lane:
    def __init__(self) -> None:
        self.queue: deque[list[float]] = deque()
        self.count = 0
        self.free_at = 0.0


def waits(scene: Scene, *, seconds: float = 120.0, seed: int = 7) -> Waits:
    draw = random.Random(seed)
    lanes = [Lane() for _ in range(scene.lanes)]
    unprocessed: deque[list[float]] = deque()
    found: list[tuple[float, float]] = []
    tokens, used, most = 1.0, 0.0, 0
    credit = {"processor": 0.0, "delivery": 0.0}
    for number in range(int(seconds / STEP)):
        now = number * STEP
        if came := _drawn(draw, scene.rate * STEP * _times(scene, now)):
            unprocessed.append([now, float(came)])
        credit["processor"] = min(credit["processor"] + STEP * 1e6, 2 * STEP * 1e6)
        credit["delivery"] = min(credit["delivery"] + STEP * 1e6 * (1 - scene.looking), 2 * STEP * 1e6)
        _process(scene, unprocessed, lanes, credit, draw)
        tokens = min(tokens + scene.requests_per_second * STEP, max(scene.requests_per_second * STEP, 1.0))
        turn = number % len(lanes)  # no lane is asked first each time
        for lane in (*lanes[turn:], *lanes[:turn]):
            if tokens >= 1 and credit["delivery"] > 0 and _is_due(scene, lane, now):
                spent = _send(scene, lane, now, found)
                credit["delivery"] -= spent
                used, tokens = used + spent, tokens - 1
        most = max(most, sum(lane.count for lane in lanes))
    left = sum(lane.count for lane in lanes) + int(sum(count for _, count in unprocessed))
    held = [one for lane in lanes for one in lane.queue]
    found += [(seconds - at, count) for at, count in (*held, *unprocessed)]
    return Waits(_part(found, 0.5), _part(found, 0.99), used / (seconds * 1e6), most, left)


def _times(scene: Scene, now: float) -> float:
    return scene.burst if now % 60 < scene.burst_seconds else 1.0


def _drawn(draw: random.Random, mean: float) -> int:
    """Poisson; by the normal distribution where that is as good."""
    if mean > 30:
        return max(round(draw.gauss(mean, math.sqrt(mean))), 0)
    limit, count, product = math.exp(-mean), 0, draw.random()
    while product > limit:
        count, product = count + 1, product * draw.random()
    return count


def _process(
    scene: Scene, unprocessed: deque, lanes: list[Lane], credit: dict[str, float], draw: random.Random
) -> None:
    while unprocessed and credit["processor"] > 0:
        at, count = unprocessed[0]
        done = min(count, max(credit["processor"] // scene.processor_us, 1.0))
        credit["processor"] -= done * scene.processor_us
        if done == count:
            unprocessed.popleft()
        else:
            unprocessed[0][1] -= done
        share, more = divmod(int(done), len(lanes))
        lucky = draw.sample(range(len(lanes)), more)
        for number, lane in enumerate(lanes):
            own = share + (number in lucky)
            if own:
                lane.queue.append([at, float(own)])
                lane.count += own


def _is_due(scene: Scene, lane: Lane, now: float) -> bool:
    if not lane.queue or lane.free_at > now:
        return False
    return lane.count >= scene.most_items or now - lane.queue[0][0] >= scene.flush_seconds


def _send(scene: Scene, lane: Lane, now: float, found: list[tuple[float, float]]) -> float:
    """One request; the µs that it takes."""
    room = float(scene.most_items)
    spent = scene.request_us
    ends = now + scene.vendor_seconds
    while lane.queue and room:
        at, count = lane.queue[0]
        taken = min(count, room)
        found.append((ends - at + scene.before_seconds, taken))
        spent += taken * scene.delivery_us
        room -= taken
        lane.count -= int(taken)
        if taken == count:
            lane.queue.popleft()
        else:
            lane.queue[0][1] -= taken
    lane.free_at = ends + spent / 1e6
    return spent


def _part(found: list[tuple[float, float]], share: float) -> float:
    found.sort()
    wanted, passed = share * sum(count for _, count in found), 0.0
    for wait, count in found:
        passed += count
        if passed >= wanted:
            return wait
    return 0.0
