"""Whether settings fit together. A malformed one stops every command before this."""

from collections.abc import Iterator

from datafly.model.errors import OperatorError
from datafly.runtime.checkup.finding import Finding, Ground, Level
from datafly.runtime.roles.management import management_settings
from datafly.runtime.tracing import require_tracing

_LOCAL = {"127.0.0.1", "::1", "localhost"}


def check(ground: Ground) -> Iterator[Finding]:
    settings = ground.settings
    before = [*_together(ground)]
    if settings.trusted_proxies.strip() == "*" and settings.host not in _LOCAL:
        before.append(
            Finding(
                "settings",
                Level.WARN,
                "trusted_proxies is *: whoever connects may say from which address they come.",
                "Name the addresses of your proxies in DATAFLY_TRUSTED_PROXIES.",
            )
        )
    if settings.metrics_open and settings.host not in _LOCAL:
        before.append(
            Finding(
                "settings",
                Level.WARN,
                f"/metrics is open to whoever reaches {settings.host}:{settings.management_port}.",
                "Let only your Prometheus reach that port, or take DATAFLY_METRICS_OPEN away and give it a token.",
            )
        )
    if settings.allow_private_endpoints and not settings.demo:
        before.append(
            Finding(
                "settings",
                Level.WARN,
                "allow_private_endpoints: integrations may call every private address, over http too.",
                "Name the hosts that they need in DATAFLY_PRIVATE_HOSTS instead.",
            )
        )
    yield from before or [Finding("settings", Level.OK, "The settings fit together.")]


def _together(ground: Ground) -> Iterator[Finding]:
    try:
        management_settings(ground.settings)
        require_tracing(ground.settings)
    except OperatorError as error:
        yield Finding("settings", Level.FAIL, error.message, "`datafly settings` shows each, and where it came from.")
