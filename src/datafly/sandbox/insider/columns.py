"""`POST /api/user/v3/metadata/columns`: which attributes or events the account knows; a read-only credential check."""

from datafly.sandbox.insider import reference, replies
from datafly.sandbox.insider.account import Account
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.state import State
from datafly.sandbox.wire import json_reply

Column = dict[str, object]


def answer_columns(state: State, call: Call) -> Outcome:
    tables = {"contacts": _contacts, "events": _events}
    table = call.document.get("table")
    columns = tables.get(table) if isinstance(table, str) else None
    if columns is None:
        return Outcome(replies.BAD_TABLE.reply())
    return Outcome(json_reply(200, columns(state, call.account)))


def _contacts(state: State, account: Account) -> list[Column]:
    defaults = [_column(name, kind.column_type) for name, kind in reference.ATTRIBUTES.items()]
    learnt = dict(state.profiles.learnt(account, "attribute"))
    names = account.rules.attributes if account.rules.attributes is not None else tuple(learnt)
    return [*defaults, *(_column(f"c_{name}", learnt.get(name), name) for name in names)]


def _events(state: State, account: Account) -> list[Column]:
    defaults = [
        {**_column(name, None, event.display_name), "params": [_column(each) for each in event.parameters]}
        for name, event in reference.EVENTS.items()
    ]
    learnt = [name for name, _ in state.profiles.learnt(account, "event")]
    names = account.rules.events if account.rules.events is not None else learnt
    return [*defaults, *(_custom_event(state, account, name) for name in names if name not in reference.EVENTS)]


def _custom_event(state: State, account: Account, name: str) -> Column:
    parameters = state.profiles.learnt(account, f"event:{name}")
    return {**_column(name), "params": [_column(f"c_{each}", None, each) for each, _ in parameters]}


def _column(key: str, column_type: str | None = None, display_name: str | None = None) -> Column:
    title = display_name or key.replace("_", " ").capitalize()
    column: Column = {"key": key, "display_name": title}
    return {**column, "type": column_type} if column_type else column


COLUMNS = Endpoint(
    method="POST",
    path="/api/user/v3/metadata/columns",
    pool="metadata",
    units_a_minute=1000,
    answer=answer_columns,
)
