"""The pages in front of the API, looked at by somebody who is logged in."""

import re

import pytest
from litestar.testing import TestClient

from datafly.management.cookie import NAME
from datafly.model.people import ROLES, User

DAY_MS = 86_400_000


class Browser:
    """Opens pages and submits forms as somebody of a role; follows where a form leads to."""

    def __init__(self, client, sessions):
        self.client = client
        self.sessions = sessions

    def _cookie(self, role):
        self.client.cookies.pop(NAME, None)
        if role:
            self.client.cookies.set(NAME, self.sessions[role])

    def get(self, path, *, role="owner", status=200, **kwargs):
        self._cookie(role)
        reply = self.client.get(path, follow_redirects=False, **kwargs)
        assert reply.status_code == status, reply.text
        return reply

    def page(self, path, **kwargs):
        """What a person reads of it."""
        return read(self.get(path, **kwargs).text)

    def post(self, path, form=None, *, role="owner", status=303, headers=None):
        self._cookie(role)
        said = {"Sec-Fetch-Site": "same-origin", **(headers or {})}
        reply = self.client.post(path, data=form or {}, headers=said, follow_redirects=False)
        assert reply.status_code == status, reply.text
        return reply

    def follow(self, reply):
        return read(self.client.get(reply.headers["location"]).text)


def read(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def logged_in(house, role):
    """The text of the cookie of a new session of a new user."""
    user = house.control.create_user(User(id="", email=f"{role}@example.com", role=role, status="active"))
    return house.control.open_session(user.id, "browser", method="link", lasts_ms=DAY_MS)[1]


@pytest.fixture
def browser(house, pages):
    sessions = {role: logged_in(house, role) for role in ROLES}
    with TestClient(pages, raise_server_exceptions=False) as client:
        yield Browser(client, sessions)
