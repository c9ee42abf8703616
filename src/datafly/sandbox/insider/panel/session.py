"""Logging in and out, and the session that every other page asks for."""

import hmac

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.insider.panel.frame import ROOT, AnyRequest, Panel, Visit, see_other
from datafly.sandbox.insider.upsert import write_due

COOKIE = "insider_sandbox_session"
# Shown on the log-in page: they keep nobody out, they make the walk through the panel a true one.
DEMO_EMAIL = "demo@sandbox.example"
DEMO_PASSWORD = "sandbox-demo"  # noqa: S105


class NotSignedIn(Exception):
    """A page was asked for without a session."""


async def provide_visit(request: AnyRequest, panel: NamedDependency[Panel]) -> Visit:
    token = request.cookies.get(COOKIE, "")
    account = panel.state.accounts.signed_in(token)
    if account is None:
        raise NotSignedIn
    with panel.state.transaction():
        write_due(panel.state, panel.clock())
    return Visit(account, token, str(request.base_url).rstrip("/"))


def ask_to_log_in(request: AnyRequest, _: NotSignedIn) -> Redirect:
    wanted = request.url.path if request.method == "GET" else ROOT
    return see_other("/log-in", to=wanted)


@get("/")
async def front(visit: NamedDependency[Visit]) -> Redirect:  # noqa: ARG001 - a session is asked for
    return see_other("/audience/users")


@get("/log-in")
async def log_in_page(panel: NamedDependency[Panel], to: FromQuery[str] = ROOT) -> Response[str]:
    return _log_in_page(panel, to)


@post("/log-in")
async def log_in(request: AnyRequest, panel: NamedDependency[Panel]) -> Response[str] | Redirect:
    form = await request.form()
    email, password, following = (str(form.get(name, "")) for name in ("email", "password", "to"))
    if not (_same(email.strip().lower(), DEMO_EMAIL) and _same(password, DEMO_PASSWORD)):
        return _log_in_page(panel, following, email=email, failed=True)
    token = panel.state.accounts.sign_in(panel.state.accounts.all()[0])
    entered = Redirect(following if _is_ours(following) else ROOT, status_code=303)
    entered.set_cookie(Cookie(key=COOKIE, value=token, path=ROOT, httponly=True, samesite="lax"))
    return entered


@post("/log-out")
async def log_out(visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Redirect:
    panel.state.accounts.sign_out(visit.token)
    left = see_other("/log-in")
    left.delete_cookie(COOKIE, path=ROOT)
    return left


@post("/switch")
async def switch(request: AnyRequest, visit: NamedDependency[Visit], panel: NamedDependency[Panel]) -> Redirect:
    form = await request.form()
    account = panel.state.accounts.of_partner(str(form.get("partner", "")))
    if account:
        panel.state.accounts.switch(visit.token, account)
    return see_other("/audience/users")


def _log_in_page(panel: Panel, following: str, *, email: str = "", failed: bool = False) -> Response[str]:
    values = {"email": email or DEMO_EMAIL, "to": following, "failed": failed}
    demo = {"demo_email": DEMO_EMAIL, "demo_password": DEMO_PASSWORD}
    return panel.pages.draw("log_in.html", {**values, **demo}, status=401 if failed else 200)


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())


def _is_ours(path: str) -> bool:
    return path == ROOT or path.startswith(f"{ROOT}/")


ROUTES = (front, log_in_page, log_in, log_out, switch)
