"""Settings > Identity and names: what identifies a user, and which names of the account's own are registered."""

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from datafly.sandbox.insider.account import AccountRules
from datafly.sandbox.insider.panel.frame import AnyRequest, Panel, Visit, see_other

PLACE = "/settings/identity"


class RulesForm(msgspec.Struct, frozen=True, kw_only=True):
    """The rules as the fields of a form: one thing a line."""

    identifiers: str
    blocked: str
    attributes: str
    events: str
    parameters: str
    personal: str
    strict: bool


@get(PLACE)
async def rules_page(
    visit: NamedDependency[Visit], panel: NamedDependency[Panel], done: FromQuery[str] = ""
) -> Response[str]:
    return _page(visit, panel, _as_form(visit.account.rules), saved=done == "saved")


@post(PLACE)
async def save_rules(
    request: AnyRequest, visit: NamedDependency[Visit], panel: NamedDependency[Panel]
) -> Response[str] | Redirect:
    fields = await request.form()
    texts = {name: str(fields.get(name, "")) for name in RulesForm.__struct_fields__ if name != "strict"}
    form = RulesForm(**texts, strict="strict" in fields)
    try:
        rules = _as_rules(form)
    except ValueError as refusal:
        return _page(visit, panel, form, error=str(refusal), status=409)
    with panel.state.transaction():
        panel.state.accounts.change(visit.account, partner=visit.account.partner, rules=rules)
    return see_other(PLACE, done="saved")


def _as_form(rules: AccountRules) -> RulesForm:
    return RulesForm(
        identifiers="\n".join(f"{each} {rules.limit_of(each)}" for each in rules.identifier_types),
        blocked="\n".join(value for value in rules.blocked_values if value),
        attributes="\n".join(rules.attributes or ()),
        events="\n".join(rules.events or ()),
        parameters="\n".join(rules.parameters or ()),
        personal="\n".join(rules.personal_attributes),
        strict=rules.strict_parameters,
    )


def _as_rules(form: RulesForm) -> AccountRules:
    """Raises ValueError with a sentence where a line cannot be read. An empty value never identifies."""
    limits = dict(_limit(line) for line in _lines(form.identifiers))
    return AccountRules(
        identifier_types=tuple(_limit(line)[0] for line in _lines(form.identifiers)),
        identifier_limits=limits,
        blocked_values=(*_lines(form.blocked), ""),
        attributes=_lines(form.attributes) or None,
        events=_lines(form.events) or None,
        parameters=_lines(form.parameters) or None,
        personal_attributes=_lines(form.personal),
        strict_parameters=form.strict,
    )


def _limit(line: str) -> tuple[str, int]:
    name, _, number = line.rpartition(" ")
    if not name or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise ValueError(f"“{line}” is no type and number: write it as “email 1”.")
    return name.strip(), int(number)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _page(
    visit: Visit, panel: Panel, form: RulesForm, *, saved: bool = False, error: str = "", status: int = 200
) -> Response[str]:
    return panel.draw(
        visit,
        "rules.html",
        place=PLACE,
        crumbs="Settings > Identity and names",
        form=form,
        saved=saved,
        error=error,
        status=status,
    )


ROUTES = (rules_page, save_rules)
