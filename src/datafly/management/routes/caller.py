"""Who calls, as the guard found it out."""

from typing import Any

from litestar import Request

from datafly.observe import emit
from datafly.observe.management import ManagementResourceChanged
from datafly.store.base import Token

Caller = Request[Any, Token, Any]


def tell(request: Caller, action: str, resource: str, resource_id: str) -> None:
    emit(ManagementResourceChanged(action=action, resource=resource, id=resource_id, by=request.auth.name))
