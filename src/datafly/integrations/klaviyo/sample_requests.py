"""What the samples have in common: events as they are sent, and the requests that become of them."""

from typing import Any

ID = "0190c1f2-0000-7000-8000-000000000001"
TIME = "2026-11-25T09:46:40Z"
JANE = {"email": "Jane@Example.com", "phone": "+44 7700 900123"}
CONTACT = {"email": "jane@example.com", "phone_number": "+447700900123"}
USER = {"external_id": "user-123"}
LIST = {"list_id": "Y6nRLr"}


def track(name: str, /, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "user_id": "user-123", "properties": properties}


def identify(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "user_id": "user-123", "traits": traits}


def sent(name: str, properties: dict[str, Any], /, who: dict[str, Any] = USER, **more: Any) -> dict[str, Any]:
    """`more`: of the event's attributes, in place of those that every one has."""
    return {
        "data": {
            "type": "event",
            "attributes": {
                "profile": {"data": {"type": "profile", "attributes": who}},
                "properties": properties,
                "metric": {"data": {"type": "metric", "attributes": {"name": name}}},
                "time": TIME,
                "unique_id": ID,
                **more,
            },
        }
    }


def profile(**attributes: Any) -> dict[str, Any]:
    return {"data": {"type": "profile", "attributes": attributes}}


def job(kind: str, *attributes: dict[str, Any], **beside: Any) -> dict[str, Any]:
    profiles = [{"type": "profile", "attributes": one} for one in attributes]
    return {"data": {"type": kind, "attributes": {"profiles": {"data": profiles}}, **beside}}


def subscribe(**attributes: Any) -> dict[str, Any]:
    there = {"list": {"data": {"type": "list", "id": LIST["list_id"]}}}
    return job("profile-subscription-bulk-create-job", attributes, relationships=there)


def unsubscribe(**attributes: Any) -> dict[str, Any]:
    return job("profile-subscription-bulk-delete-job", attributes)


def consent(said: str) -> dict[str, Any]:
    return {"marketing": {"consent": said}}
