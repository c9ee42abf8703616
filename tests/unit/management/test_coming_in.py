import pytest

from datafly.management.pages.coming_in import within
from datafly.model.people import User

PASSWORD = "correct horse battery staple"
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def call(site):
    return site


@pytest.fixture
def browser(call):
    """Sends what a browser would; goes where it is led only when it is told to."""

    def browse(method, path, **kwargs):
        headers = (FROM_HERE if method == "POST" else {}) | kwargs.pop("headers", {})
        return call(method, path, role=None, headers=headers, follow_redirects=False, **kwargs)

    return browse


def owner_link(house):
    return house.control.create_link("owner", None, lasts_ms=3_600_000)[1]


def settled(house, browser, **fields):
    """The first owner, logged in."""
    form = {"email": "o@example.com", "name": "Olga", "password": PASSWORD, "again": PASSWORD} | fields
    return browser("POST", "/welcome", data={"token": owner_link(house)} | form)


def test_the_first_owner_sets_a_password_by_the_link_and_is_in(house, browser):
    page = browser("GET", f"/welcome?token={owner_link(house)}")
    assert page.status_code == 200
    assert "Set the password" in page.text
    reply = settled(house, browser)
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    assert "o@example.com" in browser("GET", "/").text
    (owner,) = house.control.users()
    assert (owner.role, owner.status, owner.name) == ("owner", "active", "Olga")


def test_a_link_works_once_and_until_it_expires(house, browser):
    used = owner_link(house)
    form = {"email": "o@example.com", "password": PASSWORD, "again": PASSWORD}
    assert browser("POST", "/welcome", data={"token": used, **form}).status_code == 303
    assert browser("GET", f"/welcome?token={used}").status_code == 410
    assert browser("POST", "/welcome", data={"token": used, **form}).status_code == 410
    late = house.control.create_link("reset", house.control.users()[0].id, lasts_ms=1000)[1]
    house.clock.pass_by(1)
    assert browser("GET", f"/welcome?token={late}").status_code == 410


def test_a_newer_link_takes_the_place_of_the_older(house, browser):
    older, newer = owner_link(house), owner_link(house)
    assert browser("GET", f"/welcome?token={older}").status_code == 410
    assert browser("GET", f"/welcome?token={newer}").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "nobody"}, "no e-mail address"),
        ({"password": "short", "again": "short"}, "12 to 256"),
        ({"again": "another"}, "not the same"),
        ({"password": "aaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaa"}, "too easy"),
    ],
)
def test_what_is_filled_in_wrong_is_said_and_the_link_still_works(house, browser, wrong, said):
    reply = settled(house, browser, **wrong)
    assert reply.status_code == 422
    assert said in reply.text
    assert PASSWORD not in reply.text
    assert house.control.users() == []


def test_nobody_becomes_a_second_first_owner(house, browser):
    link = owner_link(house)
    house.control.create_user(User(id="", email="first@example.com", role="owner", status="active"))
    form = {"email": "late@example.com", "password": PASSWORD, "again": PASSWORD}
    reply = browser("POST", "/welcome", data={"token": link, **form})
    assert reply.status_code == 422
    assert "There is an owner already" in reply.text
    assert len(house.control.users()) == 1


def test_a_link_to_log_in_opens_signal_at_once(house, browser):
    user = house.control.create_user(User(id="", email="demo@example.com", role="owner", status="active"))
    _, text = house.control.create_link("login", user.id, lasts_ms=1000)
    reply = browser("GET", f"/welcome?token={text}")
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    assert browser("GET", "/").status_code == 200
    assert browser("GET", f"/welcome?token={text}").status_code == 410


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house, browser):
    cookie = settled(house, browser).headers["set-cookie"].lower()
    assert cookie.startswith("datafly_session=dfs_")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie


@pytest.mark.parametrize("settings", [{"public_url": "https://signal.example.com"}], indirect=True)
def test_over_https_the_cookie_is_secure_and_bound_to_the_host(house, browser):
    cookie = settled(house, browser).headers["set-cookie"]
    assert cookie.startswith("__Host-datafly_session=dfs_")
    assert "secure" in cookie.lower()


def test_log_in_leads_where_one_wanted_to_go(house, browser):
    settled(house, browser)
    browser("POST", "/logout")
    reply = browser("GET", "/?tab=2")
    assert (reply.status_code, reply.headers["location"]) == (303, "/login?next=%2F%3Ftab%3D2")
    assert 'value="/?tab=2"' in browser("GET", reply.headers["location"]).text
    form = {"email": "o@example.com", "password": PASSWORD, "next": "/?tab=2"}
    assert browser("POST", "/login", data=form).headers["location"] == "/?tab=2"


def test_a_wrong_password_is_said_on_the_page(house, browser):
    settled(house, browser)
    reply = browser("POST", "/login", data={"email": "<b>o@example.com", "password": "wrong"})
    assert reply.status_code == 401
    assert "e-mail address or the password is wrong" in reply.text
    assert "&lt;b&gt;o@example.com" in reply.text
    assert "set-cookie" not in reply.headers


def test_log_out_ends_the_session_and_takes_the_cookie_back(house, browser):
    settled(house, browser)
    reply = browser("POST", "/logout")
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert "max-age=0" in reply.headers["set-cookie"].lower()
    assert house.control.sessions()[-1].ended_ms
    assert browser("GET", "/").status_code == 303


@pytest.mark.parametrize(
    "wanted", ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\tx", "javascript:x", "/%", "/" * 3]
)
def test_no_other_place_is_led_to(wanted):
    assert within(wanted) == ("/%" if wanted == "/%" else "/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://testserver.local:8080"},
        {"Origin": "null"},
        {},
    ],
)
def test_what_another_site_makes_the_browser_send_changes_nothing(house, call, browser, refused, headers):
    settled(house, browser)
    for path, kwargs in {
        "/v1/admin/pipelines": {"json": {"name": "Stolen"}},
        "/logout": {},
        "/login": {"data": {}},
        "/welcome": {"data": {}},
    }.items():
        refused(call("POST", path, role=None, headers=headers, **kwargs), 403, "CROSS_SITE")
    assert len(house.control.pipelines()) == 1
    assert browser("GET", "/").status_code == 200


@pytest.mark.parametrize("headers", [FROM_HERE, {"Origin": "http://testserver.local"}])
def test_our_own_pages_may_change_what_the_role_may(house, call, browser, headers):
    settled(house, browser)
    reply = call("POST", "/v1/admin/pipelines", role=None, headers=headers, json={"name": "Shop"})
    assert reply.status_code == 201


def test_a_cookie_beside_a_bad_token_does_not_count(house, call, browser, refused):
    settled(house, browser)
    refused(call("GET", "/v1/admin/pipelines", role=None, headers={"Authorization": "Bearer x"}), 401, "INVALID_TOKEN")


def test_pages_let_in_nothing_but_our_own_files(house, browser):
    for path in ("/login", f"/welcome?token={owner_link(house)}", "/welcome?token=x"):
        page = browser("GET", path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "<script" not in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
