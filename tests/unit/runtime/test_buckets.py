"""Token buckets that several processes share."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from datafly.ingest.pace import OwnBuckets
from datafly.runtime.buckets import SharedBuckets

TAKE = """
import sys
from pathlib import Path
from datafly.runtime.buckets import SharedBuckets
buckets = SharedBuckets(Path(sys.argv[1]))
print(sum(buckets.take("pip_1", 1000, 50.0) == 0 for _ in range(1000)))
"""


def test_several_processes_together_take_what_one_alone_may(tmp_path):
    file = tmp_path / "buckets"
    started = [
        subprocess.Popen([sys.executable, "-c", TAKE, file], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    taken = [int(one.communicate(timeout=60)[0]) for one in started]
    assert sum(taken) == 1000


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from([1, 3, 100]), st.floats(0, 2), st.booleans())
    )
)
def test_shared_buckets_are_those_of_one_gateway_whichever_is_asked(tmp_path_factory, steps):
    file = tmp_path_factory.mktemp("shared") / "buckets"
    own, shared, now = OwnBuckets(), [SharedBuckets(file), SharedBuckets(file)], 1000.0
    for pipeline, rate, later, other in steps:
        now += later
        assert shared[other].take(pipeline, rate, now) == own.take(pipeline, rate, now)
    for one in shared:
        one.close()


def test_who_looked_at_the_clock_before_another_had_its_turn_finds_no_full_bucket(tmp_path):
    one, other = (SharedBuckets(tmp_path / "buckets") for _ in range(2))
    assert one.take("pip_1", 2, 100.0) == 0
    assert other.take("pip_1", 2, 100.001) == 0
    assert one.take("pip_1", 2, 100.0) > 0
    assert other.take("pip_1", 2, 100.4) > 0
    assert one.take("pip_1", 2, 100.501) == 0
    one.close()
    other.close()


def test_buckets_of_before_the_machine_was_started_again_are_full(tmp_path):
    buckets = SharedBuckets(tmp_path / "buckets")
    assert buckets.take("pip_1", 1, 9_000.0) == 0
    assert buckets.take("pip_1", 1, 9_000.0) > 0
    assert buckets.take("pip_1", 1, 3.0) == 0
    buckets.close()


def test_more_pipelines_than_there_are_slots_are_let_through(tmp_path):
    buckets = SharedBuckets(tmp_path / "buckets")
    assert all(buckets.take(f"pip_{number}", 1, 1.0) == 0 for number in range(10_000))
    buckets.close()
