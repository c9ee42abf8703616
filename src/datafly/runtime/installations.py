"""An installation → what delivery and management work with; the demo sends to the sandbox unless told otherwise."""

from collections.abc import Callable, Sequence

import msgspec

from datafly import catalog
from datafly.model.installation import Installation
from datafly.runtime.compose import sandbox_url
from datafly.settings import Settings
from datafly.shape import CompiledOnce, by_rules
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Compiled
from datafly.spec.integration import Integration, Step
from datafly.spec.parameters import resolved_config, resolved_overrides
from datafly.spec.setting import Address, SettingKind


def compiler(settings: Settings) -> Callable[[Installation], Compiled]:
    """Raises `NotFound` for a vendor that is not installed any more, `Invalid` for a config that no longer fits."""

    def compile_one(installation: Installation) -> Compiled:
        integration, revision = catalog.get(installation.vendor), installation.revision
        compiled = compile_integration(
            integration,
            resolved_config(revision.config, installation.parameters),
            variant=installation.template.variant,
            defaults=operator_defaults(settings, integration),
            overrides=resolved_overrides(revision.overrides, installation.parameters),
        )
        return by_rules(compiled, installation.pii_rules)

    return CompiledOnce(compile_one)


class OperatorsCatalog:
    """The definitions with the operator's defaults as their own, so that forms and checks ask for no more than delivery
    needs.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def get(self, slug: str) -> Integration:
        """Raises `NotFound`."""
        return self._told(catalog.get(slug))

    def all(self) -> Sequence[Integration]:
        return [self._told(one) for one in catalog.all()]

    def _told(self, integration: Integration) -> Integration:
        given = operator_defaults(self._settings, integration)
        if not given:
            return integration
        settings = tuple(_defaulted(one, given.get(one.name)) for one in integration.settings)
        first = _in_demo(integration.name, f"{sandbox_url(self._settings)}/{integration.slug}/panel")
        return msgspec.structs.replace(
            integration, settings=settings, prerequisites=(first, *integration.prerequisites)
        )


def _in_demo(name: str, panel: str) -> Step:
    says = f"{name} is its sandbox on this machine, and nothing leaves it. Enter no credentials of a real account."
    return Step("In this demo", f"{says} Do these steps in its panel: {panel}")


def _defaulted(setting: SettingKind, url: str | None) -> SettingKind:
    if url is None:
        return setting
    told = f"{setting.sentence} In this demo, left empty, it is the sandbox's."
    return msgspec.structs.replace(setting, default=url, example=url, sentence=told)


def operator_defaults(settings: Settings, integration: Integration) -> dict[str, str]:
    """Under demo, every address that is not set is that of the vendor's sandbox."""
    if not settings.demo:
        return {}
    url = f"{sandbox_url(settings)}/{integration.slug}"
    return {setting.name: url for setting in integration.settings if isinstance(setting, Address)}
