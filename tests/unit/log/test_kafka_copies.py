"""What brokers show of live copies, and what that means for who writes."""

from confluent_kafka.admin import PartitionMetadata

from datafly.log.kafka.copies import Shortage, _of_a_topic


def partition(*, leader=1, copies=(1, 2, 3), live=(1, 2, 3)):
    found = PartitionMetadata()
    found.leader, found.replicas, found.isrs = leader, list(copies), list(live)
    return found


def told(*partitions, insync=2):
    return _of_a_topic("raw", partitions, insync)


def test_where_all_copies_live_nothing_is_told():
    assert told(partition(), partition(leader=2)) == []


def test_a_copy_that_is_away_is_told_and_keeps_nobody_from_writing():
    behind = "1 of 2 partitions of raw have a copy that is away or behind"
    assert told(partition(), partition(live=(1, 3))) == [Shortage(behind, blocks=False)]


def test_partitions_without_a_leader_and_with_too_few_copies_are_told_apart_and_block():
    unled, short = told(partition(leader=-1, live=()), partition(live=(1,)), partition(live=(1, 2)))
    assert unled.sentence.startswith("1 of 3 partitions of raw have no leader")
    assert short.sentence.startswith("1 of 3 partitions of raw have fewer live copies than min.insync")
    assert (unled.blocks, short.blocks) == (True, True)
