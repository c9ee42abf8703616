"""What an inbox answers, and what it keeps. No standard says more than a 2xx for success; the rest is ours."""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from datafly.sandbox.faults import Fault
from datafly.sandbox.kit import Call, Credential, Endpoint, Kind, OurWord, Outcome, Pool, Vendor, Verdict
from datafly.sandbox.kit.conditions import retry_after
from datafly.sandbox.kit.vendor import Use
from datafly.sandbox.signed_webhook.proofs import Proof, proofs_of
from datafly.sandbox.wire import Incoming, Reply, json_reply

MOST_BYTES: Final = 20_000_000
_SHOWN: Final = 1_000
_BODY: Final = "body"


def _said(status: int, ours: str, **words: Any) -> Outcome:
    return Outcome(json_reply(status, words), (), ours)


def _inbox(_incoming: Incoming, match: Mapping[str, str], known: Sequence[Credential]) -> Credential | Outcome:
    """Whether the request proves anything is looked at later, so that it is on record either way."""
    found = next((one for one in known if one.values["inbox"] == match.get("inbox")), None)
    return found or _said(404, "no_inbox", error="there is no such inbox; API keys has them all")


def _take(call: Call) -> Outcome:
    if call.mode["status"] == "gone":
        return _said(410, "gone", error="this receiver wants no more requests")
    if len(call.incoming.body) > MOST_BYTES:
        return _said(413, "too_large", error="the body is too large")
    assert call.credential is not None  # noqa: S101 - the endpoint is not open
    proofs = proofs_of(call.incoming, call.credential, call.now)
    shown = [Verdict(place=one.where, accepted=one.holds, said=(one.said,)) for one in proofs]
    if call.mode["signatures"] == "required" and not any(proof.holds for proof in proofs):
        return _unproven(shown)
    return _kept(call, proofs, shown)


def _unproven(shown: Sequence[Verdict]) -> Outcome:
    """As libraries do, which verify before they read."""
    missing = Verdict(place="signature", accepted=False, said=("nothing in the request proves whose it is",))
    refused = _said(401, "unproven", error="no signature holds", why=[f"{one.place}: {one.said[0]}" for one in shown])
    return Outcome(refused.reply, shown or [missing], refused.ours)


def _kept(call: Call, proofs: Sequence[Proof], shown: Sequence[Verdict]) -> Outcome:
    key = call.incoming.headers.get("webhook-id") or f"request-{call.request_id}"
    document = _document(call)
    before = call.store.get("messages", key)
    digest = hashlib.sha256(call.incoming.body).hexdigest()
    events = (
        document["events"] if isinstance(document, dict) and isinstance(document.get("events"), list) else [document]
    )
    if before is not None and before.body.get("sha256") != digest:
        said = "came before with another body: receivers that look for webhook-id lose this one"
        shown = [*shown, Verdict(place=_BODY, accepted=False, said=(said,))]
    call.put("messages", key, _message(call, events, proofs, digest))
    again = before is not None and before.body.get("sha256") == digest
    if not again:
        for index, event in enumerate(events[:_SHOWN]):
            call.put("events", f"{key}.{index}", event if isinstance(event, dict) else {"value": event}, owner=key)
    taken = Verdict(
        place=_BODY, accepted=True, who=f"{len(events)} of {key}", kind="messages", id=key, said=_again(again)
    )
    return Outcome(json_reply(200, {"ok": True}), [*shown, taken], "taken")


def _again(again: bool) -> tuple[str, ...]:  # noqa: FBT001 - one claim, one argument
    return ("came again, to the byte, and was passed over",) if again else ()


def _document(call: Call) -> Any:
    try:
        return call.document()
    except ValueError:
        return {"text": call.incoming.body[:_SHOWN].decode("utf-8", "replace")}


def _message(call: Call, events: Sequence[Any], proofs: Sequence[Proof], digest: str) -> dict[str, Any]:
    first = events[0] if events and isinstance(events[0], dict) else {}
    holding = [f"{one.where}: {one.said}" for one in proofs if one.holds]
    return {
        "inbox": call.match["inbox"],
        "type": first.get("type", ""),
        "events": len(events),
        "signature": "; ".join(holding) or "none holds",
        "sent_at": call.incoming.headers.get("webhook-timestamp", ""),
        "sha256": digest,
    }


def _fault(fault: Fault) -> Reply:
    return Reply(status=fault.status or 500, body=(fault.body or "asked for in the panel").encode())


def _too_many(uses: Sequence[Use]) -> Outcome:
    refused = _said(429, "too_many", error="too many requests")
    headers = (*refused.reply.headers, ("retry-after", str(retry_after(uses))))
    return Outcome(Reply(status=429, body=refused.reply.body, headers=headers), (), refused.ours)


def _made_key(prefix: str) -> str:
    return f"{prefix}{base64.b64encode(secrets.token_bytes(32)).decode()}"


_POOLS: Final = (Pool("requests", 600_000, 60.0),)
WEBHOOK = Vendor(
    slug="signed_webhook",
    name="Webhook",
    summary="Inboxes that take any request, and tell of each whether its signature holds and why not.",
    example="/inbox/YOUR_INBOX",
    roots=("inbox",),
    endpoints=tuple(
        Endpoint(method=method, path="/inbox/{inbox}", answer=_take, pools=_POOLS) for method in ("POST", "PUT")
    ),
    credential_fields={
        "inbox": ("Inbox: the end of the URL", lambda: secrets.token_hex(12)),
        "signing_secret": ("Signing secret, for v1", lambda: _made_key("whsec_")),
        "ed25519_key": ("Signing secret, for v1a", lambda: _made_key("whsk_")),
        "hmac_secret": ("HMAC secret", lambda: secrets.token_hex(16)),
        "bearer_token": ("Bearer token", lambda: secrets.token_hex(16)),
        "basic_user": ("Basic user", lambda: "signal"),
        "basic_password": ("Basic password", lambda: secrets.token_hex(16)),
    },
    # A key of Standard Webhooks has a form that not every text has; a HMAC takes any.
    settings={"url": "{base}/inbox/{inbox}", "signature": "hmac", "hmac_secret": "{hmac_secret}"},
    authenticate=_inbox,
    refused={
        "missing": lambda _: _said(404, "no_inbox", error="inboxes are under /inbox/"),
        "method": lambda _: _said(405, "wrong_method", error="an inbox takes POST and PUT"),
    },
    too_many=_too_many,
    fault_reply=_fault,
    kinds=(
        Kind(
            key="messages",
            title="Messages",
            one="message",
            columns=(("Type", "type"), ("Events", "events"), ("Signature", "signature"), ("Inbox", "inbox")),
            feeds=("events",),
            empty="Nothing has arrived yet. Make an inbox under API keys, and send to its URL.",
        ),
        Kind(
            key="events",
            title="Events",
            one="event",
            columns=(("Type", "type"), ("Event", "event"), ("User", "userId"), ("Properties", "properties")),
        ),
    ),
    curl="""curl $BASE/inbox/YOUR_INBOX -H "Authorization: Bearer YOUR_TOKEN" -H "Content-Type: application/json" \\
  -H "webhook-id: msg_1" -d '{"type":"track","event":"Quiz Finished","userId":"user-123"}'""",
    modes={"signatures": ("required", "told"), "status": ("open", "gone")},
    mode_words={
        "signatures": "Requests that prove nothing",
        "signatures.required": "are refused with 401",
        "signatures.told": "are taken, and told",
        "status": "The receiver",
        "status.open": "takes requests",
        "status.gone": "answers 410: it wants no more",
    },
    ours=(
        OurWord("taken", "status 200", "ok: any 2xx is a success, and nothing says what stands in it"),
        OurWord("unproven", "status 401", "no signature holds; why says of each what is wrong"),
        OurWord("no_inbox", "status 404", "there is no such inbox"),
        OurWord("wrong_method", "status 405", "an inbox takes POST and PUT"),
        OurWord("gone", "status 410", "this receiver wants no more requests"),
        OurWord("too_large", "status 413", "more than 20,000,000 bytes"),
        OurWord("too_many", "status 429", "too many requests; 600,000 a minute unless the panel says otherwise"),
    ),
    most_bytes=MOST_BYTES,
)
