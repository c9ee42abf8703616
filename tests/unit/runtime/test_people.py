import pytest

from datafly.management.inviting import LASTS_MS
from datafly.model.errors import Conflict, Invalid, OperatorError
from datafly.runtime.people import gateway_url, invite, reset, users
from datafly.runtime.prepare import open_the_store
from datafly.runtime.welcome import welcome
from datafly.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", management_port=9184)


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({}, "http://localhost:9080"),
        ({"host": "0.0.0.0"}, ""),
        ({"host": "0.0.0.0", "gateway_url": "https://events.example.com/"}, "https://events.example.com"),
    ],
)
def test_pages_know_the_address_of_the_gateway_where_it_is_set_or_can_only_be_this_machine(given, known):
    assert gateway_url(Settings(gateway_port=9080, **given)) == known


def link_in(settings, url):
    before, _, text = url.partition("/welcome?token=")
    assert before == "http://localhost:9184"
    with open_the_store(settings) as store:
        return store.control.link(text)


def said(settings):
    with open_the_store(settings) as store:
        return welcome(settings, store)


def url_in(text):
    return next(line.strip() for line in text.splitlines() if "/welcome?token=" in line)


def make_owner(settings):
    invite(settings, "olga@example.com", role="owner")
    with open_the_store(settings) as store:
        store.control.change_user(store.control.users()[0].id, {"status": "active"})


def test_the_first_start_prints_a_link_for_the_owner_that_works_a_day(settings):
    link = link_in(settings, url_in(said(settings)))
    assert (link.purpose, link.user_id) == ("owner", None)
    assert link.expires_ms - link.created_ms == 24 * 3_600_000


def test_the_next_start_prints_another_and_the_first_is_worth_nothing(settings):
    first, second = url_in(said(settings)), url_in(said(settings))
    assert link_in(settings, first) is None
    assert link_in(settings, second)


def test_once_there_is_an_owner_no_link_is_printed(settings):
    make_owner(settings)
    assert "/welcome?token=" not in said(settings)


def test_a_demo_logs_in_by_its_link_without_a_password(settings):
    demo = Settings(data_dir=settings.data_dir, management_port=9184, demo=True)
    link = link_in(settings, url_in(said(demo)))
    assert link.purpose == "login"
    assert link_in(settings, url_in(said(demo))).user_id == link.user_id
    assert [user.role for user in users(settings)] == ["owner"]


def test_an_invitation_works_a_week_and_can_be_sent_again(settings):
    first = invite(settings, "Jane@example.com", role="editor", name="Jane")
    second = invite(settings, "jane@example.com", role="admin")
    assert link_in(settings, first) is None
    link = link_in(settings, second)
    assert link.purpose == "invite"
    assert link.expires_ms - link.created_ms == LASTS_MS["invite"]
    (jane,) = users(settings)
    assert (jane.name, jane.role, jane.status) == ("Jane", "admin", "invited")


def test_who_is_in_already_is_not_invited(settings):
    make_owner(settings)
    with pytest.raises(Conflict, match=r"olga@example.com already"):
        invite(settings, "OLGA@example.com", role="viewer")


def test_without_an_owner_reset_prints_the_link_that_makes_one(settings):
    assert link_in(settings, reset(settings, "")).purpose == "owner"


def test_reset_is_for_the_only_owner_or_for_whom_it_names(settings):
    make_owner(settings)
    olga = users(settings)[0]
    assert link_in(settings, reset(settings, "")).user_id == olga.id
    assert link_in(settings, reset(settings, " Olga@example.com")).purpose == "reset"
    with pytest.raises(OperatorError, match="no user nobody"):
        reset(settings, "nobody@example.com")


def test_what_cannot_be_is_said(settings):
    with pytest.raises(OperatorError, match="no role"):
        invite(settings, "jane@example.com", role="king")
    with pytest.raises(Invalid, match="e-mail"):
        invite(settings, "jane", role="viewer")


def test_behind_a_proxy_links_lead_to_its_address(tmp_path):
    settings = Settings(data_dir=tmp_path, management_url="https://signal.example.com/")
    assert reset(settings, "").startswith("https://signal.example.com/welcome?token=dfl_")


def test_what_was_done_on_the_command_line_is_on_record(settings):
    make_owner(settings)
    reset(settings, "")
    with open_the_store(settings) as store:
        created, invited = store.control.audit_log()
    assert (invited.action, created.action) == ("user.invited", "user.link_created")
    assert invited.user_agent == "datafly command line"
    assert invited.changes["role"] == {"old": None, "new": "owner"}
