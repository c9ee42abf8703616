"""A slice of the campaign; `make test-kill` is the whole of it."""

import random

import pytest
from campaign import plan
from campaign.campaign import Wanted, carry_out


@pytest.mark.acceptance
@pytest.mark.xdist_group("kill")
async def test_killed_at_random_instants_nothing_acknowledged_is_lost_and_only_what_was_in_flight_comes_twice(tmp_path):
    wanted = Wanted(seed=random.SystemRandom().randrange(1_000_000), kills=8, longest_wait=1.0)
    print(f"python tests/kill/run.py --seed {wanted.seed} --kills {wanted.kills} --longest-wait {wanted.longest_wait}")
    told = await carry_out(tmp_path, wanted, print)
    assert len(told.kills) == wanted.kills
    assert len(told.sent.message_ids) > 100


def test_a_seed_chooses_the_same_victims_at_the_same_instants_again():
    assert plan.draw(7, 50, longest_wait=1.5) == plan.draw(7, 50, longest_wait=1.5)
    assert plan.draw(7, 50, longest_wait=1.5) != plan.draw(8, 50, longest_wait=1.5)


def test_a_long_campaign_kills_everything_and_several_at_once():
    kinds = {kill.kind for kill in plan.draw(1, 200, longest_wait=1.5)}
    assert kinds == {*plan.ROLES, "several", plan.SUPERVISOR, plan.TREE, plan.STARTING}


def test_where_there_is_a_keeper_it_is_killed_as_well_alone_and_with_others():
    kills = plan.draw(1, 200, longest_wait=1.5, keeper=True)
    assert plan.KEEPER in {kill.kind for kill in kills}
    assert any(plan.KEEPER in kill.victims for kill in kills if kill.kind == "several")
