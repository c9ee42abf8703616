"""The calls of a definition, made for one installation."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from datafly.model.delivery import Outgoing
from datafly.spec.calls import TAKES, USERS, Call
from datafly.spec.compiled import CompiledCall
from datafly.spec.integration import Integration
from datafly.spec.judging import judge_call_by
from datafly.spec.request import Caller


def calls_of(integration: Integration, caller: Caller) -> Mapping[str, CompiledCall]:
    """By `Call.key`."""
    return {
        call.key: CompiledCall(_maker(call, caller), judge_call_by(integration, call)) for call in integration.calls
    }


def _maker(call: Call, caller: Caller) -> Callable[[Mapping[str, Any]], Outgoing]:
    def make(given: Mapping[str, Any]) -> Outgoing:
        _require(call.key, given)
        return caller.request(call.method, call.path, msgspec.json.encode(call.filled(given)))

    return make


def _require(key: str, given: Mapping[str, Any]) -> None:
    """Nobody is left out of a request by an oversight: what would be erased then?"""
    if unknown := given.keys() - TAKES[key]:
        raise ValueError(f"The call {key} is not given {', '.join(sorted(unknown))}.")
    users, others = TAKES[key] & USERS, TAKES[key] - USERS
    if not all(given.get(name) for name in users):
        raise ValueError(f"The call {key} needs {', '.join(sorted(users))}.")
    if others and not any(given.get(name) for name in others):
        raise ValueError(f"The call {key} needs {' or '.join(sorted(others))}.")
