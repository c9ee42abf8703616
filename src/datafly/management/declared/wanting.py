"""What a document asks for, checked against the catalogue and made whole."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UnsetType

from datafly.management.declared.document import Keys, Problems
from datafly.management.declared.references import References
from datafly.management.declared.shapes import (
    Declaration,
    DeclaredInstallation,
    DeclaredIntegration,
    DeclaredPipeline,
    DeclaredWebhook,
)
from datafly.management.declared.standing import PIPELINE_FIELDS, Fields, On, Standing, flat, webhook_fields
from datafly.management.declared.wanting_alerts import WantedAlerts
from datafly.management.personal_data import require_vendors
from datafly.management.revising import kept_overrides
from datafly.management.services import Catalog
from datafly.management.views.pipeline import checked_fields
from datafly.model.errors import NotFound
from datafly.model.installation import Installation, JsBuilderConfig
from datafly.model.overrides import NO_OVERRIDES, Overrides
from datafly.model.pii import PiiRules
from datafly.model.secret import Secret
from datafly.model.source import Source, require_workable
from datafly.spec.integration import Integration
from datafly.spec.parameters import validate_with_parameters


class WantedPipeline(msgspec.Struct, frozen=True):
    settings: Fields
    signing_secret: Secret | None

    def fields(self) -> Fields:
        return flat(self.settings) | {"signing_secret": self.signing_secret}


class WantedInstallation(msgspec.Struct, frozen=True, kw_only=True):
    vendor: str
    variant: str
    delivery_mode: str
    config: dict[str, Any]
    overrides: Overrides
    enabled: bool
    paused: bool

    def fields(self) -> Fields:
        config = {f"config.{name}": value for name, value in self.config.items()}
        told = {name: getattr(self, name) for name in ("vendor", "variant", "delivery_mode", "enabled", "paused")}
        return told | config | {"overrides": msgspec.to_builtins(self.overrides)}


class WantedWebhook(msgspec.Struct, frozen=True):
    pipeline: str
    source: Source

    def fields(self) -> Fields:
        return webhook_fields(self.source, self.pipeline)


class Wants:
    """One document. A section that it leaves out is wanted as it stands, but for what was on a pipeline that goes."""

    def __init__(self, declaration: Declaration, found: Standing, catalog: Catalog, problems: Problems) -> None:
        self._said = declaration
        self._found = found
        self._catalog = catalog
        self._problems = problems
        said = declaration.pipelines
        names = found.pipelines if isinstance(said, UnsetType) else said
        self._names = list(names)
        self._parameters = {name: one.parameters for name, one in names.items()}

    def pipelines(self, references: References) -> dict[str, WantedPipeline]:
        if not isinstance(self._said.pipelines, dict):
            return {name: self._as_it_is(name) for name in self._found.pipelines}
        return {name: self._pipeline(name, one, references) for name, one in self._said.pipelines.items()}

    def installations(self, references: References) -> dict[On, WantedInstallation]:
        if not isinstance(self._said.integrations, dict):
            return {on: _kept(one) for on, one in self._found.installations.items() if on[1] in self._parameters}
        wanted: dict[On, WantedInstallation] = {}
        for name, integration in self._said.integrations.items():
            wanted |= self._integration(name, integration, references)
        return wanted

    def webhooks(self, references: References) -> dict[str, WantedWebhook]:
        if isinstance(self._said.webhooks, dict):
            made = {name: self._webhook(name, one, references) for name, one in self._said.webhooks.items()}
            return {name: one for name, one in made.items() if one is not None}
        names = {one.id: one.name for one in self._found.pipelines.values()}
        return {
            name: WantedWebhook(names[one.pipeline_id], one)
            for name, one in self._found.webhooks.items()
            if names[one.pipeline_id] in self._parameters
        }

    def beside(self, installations: Mapping[On, WantedInstallation]) -> WantedAlerts:
        """What is wanted beside what events go through."""
        return WantedAlerts(self._said, self._found, self._problems, self._parameters, installations)

    def says_alerts(self) -> bool:
        return isinstance(self._said.alerts, dict)

    def _as_it_is(self, name: str) -> WantedPipeline:
        signing, one = self._found.signing.get(name), self._found.pipelines[name]
        settings = {field: getattr(one, field) for field in PIPELINE_FIELDS}
        return WantedPipeline(settings, signing.secret if signing else None)

    def _pipeline(self, name: str, said: DeclaredPipeline, references: References) -> WantedPipeline:
        keys = ("pipelines", name)
        told = {field: getattr(said, field) for field in PIPELINE_FIELDS}
        told["js_builder_config"] = JsBuilderConfig(**msgspec.structs.asdict(said.js_builder_config))
        told["pii_rules"] = rules = PiiRules(**msgspec.structs.asdict(said.pii_rules))
        self._problems.attempt(keys, lambda: require_vendors(self._catalog, rules))
        checked = self._problems.attempt(keys, lambda: checked_fields(told)) or {}
        secret = None
        if said.signing_secret is not None:
            kept = self._found.signing.get(name)
            secret = references.secret(said.signing_secret, kept.secret if kept else None, (*keys, "signing_secret"))
        return WantedPipeline(told | checked, secret)

    def _integration(
        self, name: str, said: DeclaredIntegration, references: References
    ) -> dict[On, WantedInstallation]:
        keys = ("integrations", name)
        try:
            integration = self._catalog.get(said.vendor)
        except NotFound:
            known = ", ".join(one.slug for one in self._catalog.all())
            self._problems.add((*keys, "vendor"), f"there is no integration {said.vendor!r}; there are {known}.")
            return {}
        if not self._is_the_same(name, said, keys):
            return {}
        wanted: dict[On, WantedInstallation] = {}
        for pipeline, there in said.pipelines.items():
            made = self._installation((name, pipeline), integration, said, there, references)
            if made is not None:
                wanted[name, pipeline] = made
        return wanted

    def _is_the_same(self, name: str, said: DeclaredIntegration, keys: Keys) -> bool:
        """A vendor and its variant are what an integration is; its events under way are theirs."""
        standing = [one for (integration, _), one in self._found.installations.items() if integration == name]
        for field, was, wanted in (
            ("vendor", {one.vendor for one in standing}, said.vendor),
            ("variant", {one.template.variant for one in standing}, said.variant),
        ):
            if was - {wanted}:
                says = f"{name} is {', '.join(was)} here and cannot become {wanted}: give the new one another name."
                self._problems.add((*keys, field), says)
                return False
        return True

    def _installation(
        self,
        on: On,
        integration: Integration,
        said: DeclaredIntegration,
        there: DeclaredInstallation,
        references: References,
    ) -> WantedInstallation | None:
        name, pipeline = on
        keys: Keys = ("integrations", name)
        own: Keys = (*keys, "pipelines", pipeline)
        if pipeline not in self._parameters:
            known = ", ".join(self._names) or "none"
            self._problems.add(own, f"there is no pipeline of that name; there are: {known}.")
            return None
        at = keys if there.config is None else own
        told = said.config if there.config is None else there.config
        config = self._secrets(on, integration, told, (*at, "config"), references)
        if config is None:
            return None
        parameters = self._parameters[pipeline]
        wanted = self._problems.attempt(at, lambda: _made(integration, said, there, config, parameters))
        overrides = said.overrides if there.overrides is None else there.overrides
        if wanted is None or not overrides:
            return wanted
        place = keys if there.overrides is None else own
        kept = self._problems.attempt(
            place, lambda: kept_overrides(integration, said.variant, wanted.config, overrides, parameters)
        )
        return None if kept is None else msgspec.structs.replace(wanted, overrides=kept)

    def _secrets(
        self, on: On, integration: Integration, told: Mapping[str, Any], keys: Keys, references: References
    ) -> dict[str, Any] | None:
        """The config with what its references stand for; None where one stands for nothing."""
        before = self._found.installations.get(on)
        config = dict(told)
        for name in integration.secret_names() & told.keys():
            if told[name] is None:
                continue
            kept = before.revision.config.get(name) if before else None
            config[name] = references.secret(told[name], kept, (*keys, name))
        return None if any(told[name] is not None and value is None for name, value in config.items()) else config

    def _webhook(self, name: str, said: DeclaredWebhook, references: References) -> WantedWebhook | None:
        keys = ("webhooks", name)
        if said.pipeline not in self._parameters:
            known = ", ".join(self._names) or "none"
            self._problems.add((*keys, "pipeline"), f"there is no pipeline {said.pipeline}; there are: {known}.")
            return None
        kept, secret = self._found.webhooks.get(name), None
        if said.secret is not None:
            secret = references.secret(said.secret, kept.secret if kept else None, (*keys, "secret"))
            if secret is None:
                return None
        fields = msgspec.structs.asdict(said) | {"secret": secret}
        del fields["pipeline"]
        source = Source(id="", pipeline_id="", name=name, **fields)
        if self._problems.attempt(keys, lambda: require_workable(source)) is None:
            return None
        return WantedWebhook(said.pipeline, source)


def _made(
    integration: Integration,
    said: DeclaredIntegration,
    there: DeclaredInstallation,
    config: Mapping[str, Any],
    parameters: Mapping[str, str],
) -> WantedInstallation:
    """Raises `Invalid`."""
    return WantedInstallation(
        vendor=integration.slug,
        variant=said.variant,
        delivery_mode=said.delivery_mode,
        config=validate_with_parameters(integration, said.variant, said.delivery_mode, config, parameters),
        overrides=NO_OVERRIDES,
        enabled=there.enabled,
        paused=there.paused,
    )


def _kept(installation: Installation) -> WantedInstallation:
    return WantedInstallation(
        vendor=installation.vendor,
        variant=installation.template.variant,
        delivery_mode=installation.revision.delivery_mode,
        config=installation.revision.config,
        overrides=installation.revision.overrides,
        enabled=installation.enabled,
        paused=installation.paused,
    )
