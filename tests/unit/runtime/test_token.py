import stat
import time

import pytest

from datafly.model.errors import OperatorError
from datafly.runtime.prepare import open_the_store
from datafly.runtime.token import ROLES, create_token, demo_token, passing_token
from datafly.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


def found(settings, text):
    with open_the_store(settings) as store:
        return store.control.find_token(text)


@pytest.mark.parametrize("role", ROLES)
def test_a_token_is_made_where_nothing_ever_ran(settings, role):
    text = create_token(settings, name="  a robot ", role=role)

    token = found(settings, text)
    assert (token.name, token.role, token.expires_ms) == ("a robot", role, None)


@pytest.mark.parametrize("role", ["king", "", "Owner"])
def test_a_role_that_does_not_exist_is_told_with_those_that_do(settings, role):
    with pytest.raises(OperatorError) as refused:
        create_token(settings, name="x", role=role)
    assert refused.value.message == f"{role!r} is no role: choose owner, admin, editor or viewer."
    assert not settings.data_dir.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "a\nb"])
def test_a_token_without_a_good_name_is_not_made(settings, name):
    with pytest.raises(OperatorError, match="needs a name"):
        create_token(settings, name=name, role="admin")


def test_a_passing_token_holds_inside_the_block_alone(settings):
    with passing_token(settings, name="tail", role="viewer", seconds=60) as text:
        inside = found(settings, text)
    assert inside.role == "viewer"
    assert inside.expires_ms <= (time.time() + 60) * 1000
    assert found(settings, text) is None


def test_a_passing_token_is_taken_back_when_the_block_fails(settings):
    with pytest.raises(KeyboardInterrupt), passing_token(settings, name="tail", role="viewer", seconds=60) as text:
        raise KeyboardInterrupt
    assert found(settings, text) is None


def test_the_demo_shows_the_same_token_after_a_restart_and_keeps_it_from_others(settings):
    with open_the_store(settings) as store:
        first = demo_token(settings, store)
    with open_the_store(settings) as store:
        assert demo_token(settings, store) == first
        assert len(store.control.tokens()) == 1
    assert stat.S_IMODE((settings.data_dir / "demo-token").stat().st_mode) == 0o600


def test_the_demo_makes_another_token_when_the_first_was_revoked(settings):
    with open_the_store(settings) as store:
        first = demo_token(settings, store)
        store.control.revoke_token(store.control.find_token(first).id)
        second = demo_token(settings, store)
        assert second != first
        assert store.control.find_token(second).role == "owner"
