"""An installation → what delivery and management work with; the demo sends to the sandbox unless told otherwise."""

from collections.abc import Callable

from datafly import catalog
from datafly.model.installation import Installation
from datafly.runtime.compose import sandbox_url
from datafly.settings import Settings
from datafly.shape import CompiledOnce
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Compiled
from datafly.spec.integration import Integration
from datafly.spec.parameters import resolved_config, resolved_overrides
from datafly.spec.setting import Address


def compiler(settings: Settings) -> Callable[[Installation], Compiled]:
    """Raises `NotFound` for a vendor that is not installed any more, `Invalid` for a config that no longer fits."""

    def compile_one(installation: Installation) -> Compiled:
        integration, revision = catalog.get(installation.vendor), installation.revision
        return compile_integration(
            integration,
            resolved_config(revision.config, installation.parameters),
            variant=installation.template.variant,
            defaults=operator_defaults(settings, integration),
            overrides=resolved_overrides(revision.overrides, installation.parameters),
        )

    return CompiledOnce(compile_one)


def operator_defaults(settings: Settings, integration: Integration) -> dict[str, str]:
    """Under demo, every address that is not set is that of the vendor's sandbox."""
    if not settings.demo:
        return {}
    url = f"{sandbox_url(settings)}/{integration.slug}"
    return {setting.name: url for setting in integration.settings if isinstance(setting, Address)}
