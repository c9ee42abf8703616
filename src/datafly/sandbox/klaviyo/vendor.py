"""What the room answers, in Klaviyo's words where they are known; the rest is ours and says so (§1.11)."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from datafly.sandbox.kit import Call, Credential, Endpoint, Kind, OurWord, Outcome, Pool, Vendor
from datafly.sandbox.klaviyo import events, profiles, replies, subscriptions
from datafly.sandbox.klaviyo.replies import error
from datafly.sandbox.wire import Incoming

_PREFIX: Final = "Klaviyo-API-Key "
_REVISION: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(\.[a-z0-9]+)?")
_TAKEN: Final = ("application/vnd.api+json", "application/json")
_SERVED: Final = timedelta(days=2 * 365)
MOST_BYTES: Final = 5_000_000


def _authenticate(incoming: Incoming, _match: Mapping[str, str], known: Sequence[Credential]) -> Credential | Outcome:
    sent = incoming.headers.get("authorization", "")
    for one in known if sent.startswith(_PREFIX) else ():
        if secrets.compare_digest(sent.removeprefix(_PREFIX).encode(), one.values["private_api_key"].encode()):
            return one
    return error(401, "Missing or invalid private key.", ours="bad_key")


def _outdated(call: Call) -> Outcome | None:
    """A revision must be told. One that is retired falls forward, unless that is not wanted."""
    found = _REVISION.fullmatch(call.incoming.headers.get("revision", ""))
    try:
        made = datetime.fromisoformat(found.group(1)).replace(tzinfo=call.now.tzinfo) if found else None
    except ValueError:
        made = None
    if made is None:
        return error(400, "The revision header must be a date: YYYY-MM-DD[.suffix].", ours="no_revision")
    stays = call.incoming.headers.get("x-klaviyo-revision-fall-forward-opt-out") == "1"
    return error(410, "This revision is retired.", ours="retired") if stays and call.now - made > _SERVED else None


def _reads(answer: Callable[[Call], Outcome], scope: str) -> Callable[[Call], Outcome]:
    def run(call: Call) -> Outcome:
        return _outdated(call) or _unscoped(call, scope) or answer(call)

    return run


def _writes(answer: Callable[[Call, Any], Outcome], scope: str) -> Callable[[Call], Outcome]:
    def run(call: Call) -> Outcome:
        early = _outdated(call) or _unscoped(call, scope) or _unreadable(call)
        if early is not None:
            return early
        try:
            document = call.document()
        except ValueError:
            return error(400, "The request body is not JSON.", ours="no_json")
        return answer(call, document)

    return run


def _unscoped(call: Call, scope: str) -> Outcome | None:
    lacks = call.mode["scopes"] == "events" and scope != "events"
    return error(403, f"The key lacks the scope {scope}.", ours="no_scope") if lacks else None


def _unreadable(call: Call) -> Outcome | None:
    kind = call.incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TAKEN:
        return error(415, f"Unsupported media type '{kind}' in request.", ours="media_type")
    is_large = len(call.incoming.body) > MOST_BYTES
    return error(413, "The maximum allowed payload size is 5MB.", ours="too_large") if is_large else None


def _limited(path: str, burst: int, steady: int) -> tuple[Pool, ...]:
    return Pool(f"{path} burst", burst, 1.0), Pool(f"{path} steady", steady, 60.0)


def _post(path: str, answer: Callable[[Call, Any], Outcome], scope: str, burst: int, steady: int) -> Endpoint:
    return Endpoint(method="POST", path=path, answer=_writes(answer, scope), pools=_limited(path, burst, steady))


def _get(path: str, answer: Callable[[Call], Outcome], scope: str, burst: int, steady: int) -> Endpoint:
    return Endpoint(method="GET", path=path, answer=_reads(answer, scope), pools=_limited(path, burst, steady))


ENDPOINTS: Final = (
    _post("/api/events", events.create, "events", 350, 3_500),
    _post("/api/event-bulk-create-jobs", events.create_many, "events", 10, 150),
    _post("/api/profile-import", profiles.import_profile, "profiles", 75, 750),
    _post("/api/profiles", profiles.create_profile, "profiles", 75, 750),
    Endpoint(
        method="PATCH",
        path="/api/profiles/{id}",
        answer=_writes(profiles.update_profile, "profiles"),
        pools=_limited("/api/profiles/{id}", 75, 750),
    ),
    _post("/api/profile-bulk-import-jobs", profiles.import_many, "profiles", 10, 150),
    _get("/api/profile-bulk-import-jobs/{id}", profiles.job_of, "profiles", 10, 150),
    _get("/api/profile-bulk-import-jobs/{id}/import-errors", profiles.errors_of, "profiles", 10, 150),
    _post("/api/profile-subscription-bulk-create-jobs", subscriptions.subscribe, "subscriptions", 75, 750),
    _post("/api/profile-subscription-bulk-delete-jobs", subscriptions.unsubscribe, "subscriptions", 75, 750),
    _post("/api/data-privacy-deletion-jobs", profiles.delete_profile, "data-privacy", 3, 60),
    _get("/api/lists", profiles.lists, "lists", 75, 750),
)

KLAVIYO = Vendor(
    slug="klaviyo",
    name="Klaviyo",
    summary="Profiles, events, subscriptions and erasure by the API of revision 2026-07-15 and those before it.",
    example="/api/events",
    endpoints=ENDPOINTS,
    credential_fields={"private_api_key": ("Private API key", lambda: f"pk_{secrets.token_hex(17)}")},
    authenticate=_authenticate,
    refused={"missing": replies.missing, "method": replies.wrong_method},
    too_many=replies.too_many,
    limit_headers=replies.limit_headers,
    fault_reply=replies.fault,
    kinds=(
        Kind(
            key="profiles",
            title="Profiles",
            one="profile",
            columns=(
                ("Email", "email"),
                ("Phone", "phone_number"),
                ("External id", "external_id"),
                ("Subscriptions", "subscriptions"),
                ("Lists", "lists"),
            ),
            feeds=("events",),
            empty="Nobody has arrived yet.",
        ),
        Kind(
            key="events",
            title="Events",
            one="event",
            columns=(
                ("Metric", "metric"),
                ("Value", "value"),
                ("Currency", "value_currency"),
                ("Starts flows", "flows"),
                ("Properties", "properties"),
            ),
        ),
        Kind(
            key="jobs",
            title="Import jobs",
            one="job",
            columns=(("Status", "status"), ("Profiles", "total_count"), ("Failed", "failed_count")),
        ),
    ),
    curl="""curl $BASE/api/events -H "Authorization: Klaviyo-API-Key YOUR_KEY" -H "revision: 2026-07-15" \\
  -H "Content-Type: application/vnd.api+json" \\
  -d '{"data":{"type":"event","attributes":{"properties":{"ProductName":"Mug"},"value":10.5,
       "metric":{"data":{"type":"metric","attributes":{"name":"Viewed Product"}}},
       "profile":{"data":{"type":"profile","attributes":{"email":"jane@example.com"}}}}}}'""",
    modes={"scopes": ("all", "events"), "conflicts": ("named", "unnamed")},
    mode_words={
        "scopes": "What keys may do",
        "scopes.all": "everything",
        "scopes.events": "only events: write; anything else is answered 403",
        "conflicts": "A 409 to an import of one profile",
        "conflicts.named": "names the profile that has the first of the identifiers",
        "conflicts.unnamed": "names none",
    },
    ours=(
        OurWord("bad_key", "status 401", "Missing or invalid private key."),
        OurWord("no_scope", "status 403", "The key lacks the scope …"),
        OurWord("no_revision", "status 400", "a missing or malformed revision; what Klaviyo answers is not known"),
        OurWord("retired", "status 410", "a revision of more than two years, where it may not fall forward"),
        OurWord("media_type", "status 415", "Unsupported media type … in request."),
        OurWord("too_large", "status 413", "5 MB of a request, 100 KB of a profile"),
        OurWord("no_json", "status 400", "The request body is not JSON."),
        OurWord("invalid_field", "status 400", "the words of each error; its pointer is as Klaviyo's schema has it"),
        OurWord("anonymous_id", "status 400", "anonymous_id of a profile that is written, from revision 2025-10-15 on"),
        OurWord(
            "repeated_unique_id",
            "status 400",
            "a unique_id that comes again in a job, or that an earlier request had: all of the job is refused",
        ),
        OurWord("conflict", "status 409", "that profile-import names a profile, as /api/profiles does, and which"),
        OurWord("joining", "events", "a visitor whom only an anonymous id names becomes whoever comes beside it"),
        OurWord("foreign", "events", "an identifier that another profile holds stays with it"),
        OurWord("at_once", "jobs", "what is taken is there at once, or after the lag that is set"),
        OurWord("any_list", "lists", "every id of a list is taken"),
    ),
    most_bytes=MOST_BYTES,
)
