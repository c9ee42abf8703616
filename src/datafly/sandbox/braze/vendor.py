"""What the room answers on which path, who may ask, and how much."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from datafly.sandbox.braze import joining, people, replies
from datafly.sandbox.braze.replies import refused
from datafly.sandbox.braze.track import track, track_many
from datafly.sandbox.kit import Call, Credential, Endpoint, Kind, OurWord, Outcome, Pool, Vendor
from datafly.sandbox.wire import Incoming

MOST_BYTES: Final = 4_000_000
_TRACK: Final = (Pool("track", 3_000, 3.0),)
# Delete, aliases, identify and merge share it (§2.2).
_USERS: Final = (Pool("users", 20_000, 60.0),)

Answer = Callable[[Call, Any], Outcome]


def _authenticate(incoming: Incoming, _match: Mapping[str, str], known: Sequence[Credential]) -> Credential | Outcome:
    sent = incoming.headers.get("authorization", "").encode()
    for one in known:
        if secrets.compare_digest(sent, f"Bearer {one.values['rest_api_key']}".encode()):
            return one
    return refused(401)


def _asked(answer: Answer, permission: str) -> Callable[[Call], Outcome]:
    def run(call: Call) -> Outcome:
        if call.mode["permissions"] == "users.track" and permission != "users.track":
            return refused(403, ours="no_permission")
        kind = call.incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return refused(415, ours="media_type")
        if len(call.incoming.body) > MOST_BYTES:
            return refused(413, ours="too_large")
        try:
            document = call.document()
        except ValueError:
            return refused(400, "The request body is not JSON", ours="no_json")
        return answer(call, document)

    return run


def _post(path: str, answer: Answer, permission: str, pools: tuple[Pool, ...]) -> Endpoint:
    return Endpoint(method="POST", path=path, answer=_asked(answer, permission), pools=pools)


ENDPOINTS: Final = (
    _post("/users/track", track, "users.track", _TRACK),
    _post("/users/track/bulk", track_many, "users.track.bulk", (Pool("track bulk", 50, 1.0),)),
    _post("/users/identify", joining.identify, "users.identify", _USERS),
    _post("/users/alias/new", joining.new_alias, "users.alias.new", _USERS),
    _post("/users/alias/update", joining.rename_alias, "users.alias.update", _USERS),
    _post("/users/merge", joining.merge_users, "users.merge", _USERS),
    _post("/users/delete", people.delete, "users.delete", _USERS),
    _post("/users/export/ids", people.export, "users.export.ids", (Pool("export", 250, 60.0),)),
    _post("/v2/subscription/status/set", people.set_groups, "subscription.status.set", (Pool("groups", 5_000, 60.0),)),
    _post("/email/status", people.set_email_status, "email.status", (Pool("others", 250_000, 3_600.0),)),
)

BRAZE = Vendor(
    slug="braze",
    name="Braze",
    summary="Users, events, purchases, aliases, merges, subscription groups and erasure by the REST API.",
    example="/users/track",
    roots=("users", "v2", "email"),
    endpoints=ENDPOINTS,
    credential_fields={"rest_api_key": ("REST API key", lambda: secrets.token_hex(16))},
    authenticate=_authenticate,
    refused={"missing": replies.missing, "method": replies.wrong_method},
    too_many=replies.too_many,
    limit_headers=replies.limit_headers,
    fault_reply=replies.fault,
    kinds=(
        Kind(
            key="users",
            title="Users",
            one="user",
            columns=(
                ("External id", "external_id"),
                ("Aliases", "user_aliases"),
                ("Email", "email"),
                ("Subscription groups", "subscription_groups"),
                ("Custom attributes", "custom_attributes"),
                ("Revenue", "total_revenue"),
            ),
            feeds=("events", "purchases"),
            empty="Nobody has arrived yet.",
        ),
        Kind(
            key="events",
            title="Custom events",
            one="event",
            columns=(("Name", "name"), ("Properties", "properties")),
        ),
        Kind(
            key="purchases",
            title="Purchases",
            one="purchase",
            columns=(
                ("Product", "product_id"),
                ("Price", "price"),
                ("Currency", "currency"),
                ("Quantity", "quantity"),
                ("Revenue", "revenue"),
            ),
        ),
        Kind(
            key="carts",
            title="Carts",
            one="cart",
            columns=(("At checkout", "at_checkout"), ("Updated", "updated"), ("Products", "products")),
        ),
    ),
    curl="""curl $BASE/users/track -H "Authorization: Bearer YOUR_KEY" -H "Content-Type: application/json" \\
  -d '{"attributes":[{"external_id":"user-123","first_name":"Jane"}],
       "events":[{"external_id":"user-123","name":"Quiz Finished","time":"2026-11-25T09:46:40Z"}]}'""",
    modes={"limit": ("of_all_lists", "of_each_list"), "permissions": ("all", "users.track")},
    mode_words={
        "limit": "75 objects count",
        "limit.of_all_lists": "over the three lists of a request together",
        "limit.of_each_list": "for each list by itself, as on accounts with the former limits",
        "permissions": "What keys may do",
        "permissions.all": "everything",
        "permissions.users.track": "only users.track; anything else is answered 403",
    },
    ours=(
        OurWord("no_permission", "status 403", "The API key does not have the permission for this endpoint"),
        OurWord("method", "status 404", "Invalid URL, also for another method"),
        OurWord("media_type", "status 415", "Unsupported media type"),
        OurWord("too_large", "status 413", "Request body is too large: the limit is Braze's, the words are ours"),
        OurWord("no_json", "status 400", "The request body is not JSON"),
        OurWord("no_array", "status 400", "a list that is missing or none"),
        OurWord("too_many_of_user", "status 400", "more than 100 objects of one user to /users/track/bulk"),
        OurWord("email_status", "status 400", "email (a text, or a list) and subscription_state to /email/status"),
        OurWord("one_kind", "status 400", "a deletion that names no kind of identifier, or several"),
        OurWord("subscription_groups", "status 400", "the words for what is wrong with them"),
        OurWord("too_many_requests", "status 429", "Too Many Requests"),
        OurWord("words_of_objects", "errors", "what is said of an object, but for the words that were seen"),
        OurWord("schema_words", "errors", "The property '#/… is seen, what follows is ours"),
        OurWord("status_201", "status 201", "of all calls but /users/merge; the document shows the body alone"),
        OurWord("no_such_alias", "identify", "an alias that is not there counts as processed, and does nothing"),
        OurWord("keeps_own", "merge", "of attributes that both profiles have, the one that is kept keeps its own"),
        OurWord("one_holder", "email", "an address leads to the profile that was given it last"),
        OurWord("at_once", "merge", "is done at once, or after the lag that is set"),
    ),
    most_bytes=MOST_BYTES,
)
