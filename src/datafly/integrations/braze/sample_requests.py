"""What the samples have in common: events as they are sent, and the requests that become of them."""

from typing import Any

TIME = "2026-11-25T09:46:40Z"
JANE = {"email": "Jane@Example.com", "phone": "+44 7700 900123"}
CONTACT = {"email": "jane@example.com", "phone": "+447700900123"}
USER: dict[str, Any] = {"external_id": "user-123"}
VISITOR: dict[str, Any] = {
    "user_alias": {"alias_name": "anon-1", "alias_label": "anonymous_id"},
    "_update_existing_only": False,
}
GBP = {"default_currency": "GBP"}


def track(name: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "user_id": "user-123", "properties": properties}


def identify(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "user_id": "user-123", "traits": traits}


def sent(
    name: str, properties: dict[str, Any] | None = None, who: dict[str, Any] = USER, **more: Any
) -> dict[str, Any]:
    told = {} if properties is None else {"properties": properties}
    return {"events": [{**who, **more, "name": name, "time": TIME, **told}]}


def bought(*purchases: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"purchases": [{**USER, **one}]} for one in purchases]


def attributes(who: dict[str, Any] = USER, /, **more: Any) -> dict[str, Any]:
    return {"attributes": [{**who, **more}]}


def joined(merge_behavior: str = "merge") -> dict[str, Any]:
    alias = VISITOR["user_alias"]
    return {"aliases_to_identify": [{**USER, "user_alias": alias}], "merge_behavior": merge_behavior}
