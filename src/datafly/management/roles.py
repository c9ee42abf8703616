"""Who may do what: one table."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, Protocol

import msgspec

from datafly.model.errors import CallerError


class Role(IntEnum):
    """Each may do what those before it may. `ANYONE` needs no proof of who they are."""

    ANYONE = 0
    VIEWER = 1
    EDITOR = 2
    ADMIN = 3
    OWNER = 4


class Rule(msgspec.Struct, frozen=True):
    """`path` is a route as it is declared, and stands for all below it; `method` may be `*`."""

    method: str
    path: str
    lowest: Role


TABLE: Final = (
    Rule("OPTIONS", "/", Role.ANYONE),
    Rule("GET", "/healthz", Role.ANYONE),
    Rule("GET", "/readyz", Role.ANYONE),
    Rule("GET", "/metrics", Role.VIEWER),
    Rule("GET", "/v1/admin/openapi.json", Role.ANYONE),
    # Coming in.
    Rule("*", "/login", Role.ANYONE),
    Rule("*", "/welcome", Role.ANYONE),
    Rule("POST", "/v1/admin/auth/login", Role.ANYONE),
    Rule("POST", "/v1/admin/auth/refresh", Role.ANYONE),
    # What is one's own: everybody may change it.
    Rule("*", "/v1/admin/auth", Role.VIEWER),
    Rule("*", "/logout", Role.VIEWER),
    Rule("*", "/v1/admin/tokens", Role.ADMIN),
    Rule("*", "/v1/admin/users", Role.ADMIN),
    Rule("*", "/v1/admin/audit-log", Role.ADMIN),
    Rule("*", "/v1/admin/config", Role.ADMIN),
    Rule("*", "/v1/admin/erasures", Role.ADMIN),
    # What holds for all pipelines, and to which addresses something goes.
    Rule("GET", "/v1/admin/consent-settings", Role.VIEWER),
    Rule("*", "/v1/admin/consent-settings", Role.ADMIN),
    Rule("GET", "/v1/admin/alert-channels", Role.VIEWER),
    Rule("*", "/v1/admin/alert-channels", Role.ADMIN),
    Rule("DELETE", "/v1/admin", Role.ADMIN),
    Rule("GET", "/v1/admin", Role.VIEWER),
    Rule("*", "/v1/admin", Role.EDITOR),
)
"""The first rule that fits counts. What no rule fits is nobody's."""


def table(*, metrics_open: bool) -> tuple[Rule, ...]:
    """`metrics_open`: whoever reaches the port may read metrics."""
    return (Rule("GET", "/metrics", Role.ANYONE), *TABLE) if metrics_open else TABLE


PAGES: Final = (
    Rule("GET", "/assets", Role.ANYONE),
    Rule("GET", "/ui", Role.ANYONE),
    Rule("POST", "/integrations/{integration_id}/uninstall", Role.ADMIN),
    Rule("POST", "/integrations/uninstalled", Role.ADMIN),
    Rule("POST", "/settings/pipelines/{pipeline_id}/remove", Role.ADMIN),
    Rule("POST", "/settings/pipelines/{pipeline_id}/keys/{key_id}/revoke", Role.ADMIN),
    Rule("GET", "/settings/pipelines/{pipeline_id}/sources/new", Role.EDITOR),
    Rule("POST", "/settings/pipelines/{pipeline_id}/sources/{source_id}/remove", Role.ADMIN),
    Rule("POST", "/settings/pipelines/{pipeline_id}/signing-secret/remove", Role.ADMIN),
    Rule("POST", "/alerts/{alert_id}/remove", Role.ADMIN),
    Rule("*", "/alerts/channels", Role.ADMIN),
    Rule("*", "/erasures", Role.ADMIN),
    Rule("*", "/settings/api-tokens", Role.ADMIN),
    Rule("*", "/settings/users", Role.ADMIN),
    Rule("*", "/settings/audit-log", Role.ADMIN),
    Rule("GET", "/settings/consent", Role.VIEWER),
    Rule("*", "/settings/consent", Role.ADMIN),
    # What is one's own.
    Rule("*", "/account", Role.VIEWER),
    Rule("GET", "/", Role.VIEWER),
    Rule("*", "/", Role.EDITOR),
)
"""The same for the pages of the control room."""


class Holder(Protocol):
    """A token, a user, or who calls."""

    @property
    def role(self) -> str: ...


def lowest_role(method: str, path: str, table: Sequence[Rule] = TABLE) -> Role | None:
    """None: nobody may."""
    method = "GET" if method == "HEAD" else method
    return next((rule.lowest for rule in table if _fits(rule, method, path)), None)


def role_of(holder: Holder) -> Role:
    """A role that is not known may do nothing."""
    return Role.__members__.get(holder.role.upper(), Role.ANYONE)


def require_at_least(holder: Holder, role: str) -> None:
    """Nobody hands out, or takes away, more than they have."""
    if Role[role.upper()] > role_of(holder):
        raise CallerError(
            f"The role {holder.role} cannot do that to the role {role}.",
            code="FORBIDDEN",
            status=403,
            role=holder.role,
        )


def _fits(rule: Rule, method: str, path: str) -> bool:
    below = rule.path if rule.path.endswith("/") else rule.path + "/"
    return rule.method in {"*", method} and (path == rule.path or path.startswith(below))
