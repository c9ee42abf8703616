"""`POST /api/user/v1/profile`: one profile, as far as it is asked for."""

from datetime import UTC, datetime

from datafly.sandbox.insider import replies
from datafly.sandbox.insider.addressing import named_profile
from datafly.sandbox.insider.endpoints import Call, Endpoint, Outcome
from datafly.sandbox.insider.replies import Answer
from datafly.sandbox.insider.state import State
from datafly.sandbox.insider.state.profiles import Profile, StoredEvent
from datafly.sandbox.wire import json_reply

# Read under another name than it is written.
_READ_AS = {"gdpr_optin": "gdpr"}
# How a request is priced is not published; one captured answer cost so much.
_UNITS = 2.5
_UNITS_A_MINUTE = 1000


def answer_profile(state: State, call: Call) -> Outcome:
    document = call.document
    profile = named_profile(state, call.account, document)
    if isinstance(profile, Answer):
        return Outcome(profile.reply())
    if profile is None:
        return Outcome(replies.NO_SUCH_USER.reply())
    body: dict[str, object] = {"attributes": _attributes(profile, document.get("attributes"))}
    if isinstance(wanted := document.get("events"), dict):
        body["events"] = _events(state.profiles.events(profile.id, limit=10_000), wanted)
    if document.get("quota") is True:
        body["quota"] = {"cost": _UNITS, "used": call.units_used, "total": _UNITS_A_MINUTE}
    return Outcome(json_reply(200, body))


def _attributes(profile: Profile, wanted: object) -> dict[str, object]:
    """Custom ones are asked for and returned with the prefix c_, that they are written without."""
    known: dict[str, object] = {each.type: each.value for each in profile.identifiers if "." not in each.type}
    known |= {_READ_AS.get(name, name): value for name, value in profile.attributes.items()}
    known |= {f"c_{name}": value for name, value in profile.custom.items()}
    names = wanted if isinstance(wanted, list) else []
    shown = {name: value for name, value in known.items() if "*" in names or name in names}
    return {**shown, "iid": profile.insider_id}


def _events(stored: list[StoredEvent], wanted: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    asked = wanted.get("wanted")
    events = [each for each in asked if isinstance(each, dict)] if isinstance(asked, list) else []
    parameters = {each.get("event_name"): each.get("params") for each in events}
    limit = wanted.get("limit_per_source")
    most = limit if isinstance(limit, int) and limit >= 0 else None
    found: dict[str, list[dict[str, object]]] = {}
    for event in stored:
        if event.name in parameters and _within(event, wanted):
            found.setdefault(event.name, []).append(_event(event, parameters[event.name]))
    return {name: events[:most] for name, events in found.items()}


def _event(event: StoredEvent, wanted: object) -> dict[str, object]:
    known = {**event.parameters, **{f"c_{name}": value for name, value in event.custom.items()}}
    names = wanted if isinstance(wanted, list) else []
    shown = {name: value for name, value in known.items() if name in names}
    return {**shown, "created_date": event.timestamp, "source": "api"}


def _within(event: StoredEvent, wanted: dict[str, object]) -> bool:
    seconds = datetime.fromisoformat(event.timestamp).astimezone(UTC).timestamp()
    start, end = wanted.get("start_date"), wanted.get("end_date")
    after_start = not isinstance(start, (int, float)) or seconds >= start
    return after_start and (not isinstance(end, (int, float)) or seconds <= end)


PROFILE = Endpoint(
    method="POST",
    path="/api/user/v1/profile",
    pool="profile",
    units=_UNITS,
    units_a_minute=_UNITS_A_MINUTE,
    answer=answer_profile,
)
