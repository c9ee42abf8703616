"""Carries a plan out, inside a transaction of whoever calls it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from datafly.management.declared.planning import Kind, Plan
from datafly.management.declared.standing import On
from datafly.management.declared.wanting import WantedInstallation, WantedPipeline
from datafly.management.services import Catalog
from datafly.model.installation import Installation, Pipeline, Revision, Template
from datafly.model.source import SIGNING, Source, signing_id
from datafly.store.base import Control
from datafly.store.ids import fresh_id

Ids = dict[tuple[Kind, str | On], str]


class Execution:
    """`heads`: where new integrations begin and removed ones end. `by`: for the revisions that it makes."""

    def __init__(self, control: Control, catalog: Catalog, heads: dict[int, int], now_ms: int, by: str) -> None:
        self._control = control
        self._catalog = catalog
        self._heads = heads
        self._now_ms = now_ms
        self._by = by
        self._pipelines: dict[str, str] = {}
        self._templates: dict[str, Template] = {}
        self._revisions: dict[str, list[Revision]] = {}

    def run(self, plan: Plan) -> Ids:
        """What has each change's id. Pipelines come first and go last, so that what is on them has a place."""
        self._pipelines = {name: one.id for name, one in plan.standing.pipelines.items()}
        ids: Ids = {}
        for name in plan.of("pipeline", "add"):
            ids["pipeline", name] = self._add_pipeline(name, plan.pipelines[name])
        for name in plan.of("pipeline", "change"):
            ids["pipeline", name] = self._change_pipeline(name, plan)
        self._integrations(plan, ids)
        self._webhooks(plan, ids)
        self._alerts(plan, ids)
        for name in plan.of("pipeline", "remove"):
            ids["pipeline", name] = self._pipelines[name]
            self._control.remove_pipeline(self._pipelines[name])
        return ids

    def _add_pipeline(self, name: str, wanted: WantedPipeline) -> str:
        made = self._control.create_pipeline(Pipeline(id="", name=name, slug="", pipeline_key="", **wanted.settings))
        self._pipelines[name] = made.id
        self._sign(name, wanted)
        return made.id

    def _change_pipeline(self, name: str, plan: Plan) -> str:
        wanted, signing = plan.pipelines[name], plan.standing.signing.get(name)
        self._control.update_pipeline(self._pipelines[name], wanted.settings)
        if wanted.signing_secret != (signing.secret if signing else None):
            self._sign(name, wanted)
        return self._pipelines[name]

    def _sign(self, name: str, wanted: WantedPipeline) -> None:
        pipeline_id = self._pipelines[name]
        if wanted.signing_secret is not None:
            self._control.put_source(Source(signing_id(pipeline_id), pipeline_id, SIGNING, wanted.signing_secret))
        elif any(one.id == signing_id(pipeline_id) for one in self._control.sources()):
            self._control.drop_source(signing_id(pipeline_id))

    def _integrations(self, plan: Plan, ids: Ids) -> None:
        standing = plan.standing.installations
        for on in plan.of("integration", "remove"):
            ids["integration", on] = standing[on].id
            self._control.change_installation(standing[on].id, {"removed_ms": self._now_ms, "end": self._heads})
        gone = set(plan.of("integration", "remove"))
        for on, one in standing.items():
            if on not in gone:
                self._templates[one.name] = one.template
                self._revisions.setdefault(one.name, []).append(one.revision)
        for on in plan.of("integration", "change"):
            ids["integration", on] = self._change_installation(standing[on], plan.installations[on])
        for on in plan.of("integration", "add"):
            ids["integration", on] = self._install(on, plan.installations[on])

    def _change_installation(self, before: Installation, wanted: WantedInstallation) -> str:
        if not _says(before.revision, wanted):
            self._control.pin(before.id, self._revision(before.name, wanted).id)
        switches = {
            name: getattr(wanted, name)
            for name in ("enabled", "paused")
            if getattr(before, name) is not getattr(wanted, name)
        }
        if switches:
            self._control.change_installation(before.id, switches)
        return before.id

    def _install(self, on: On, wanted: WantedInstallation) -> str:
        name, pipeline = on
        revision = self._revision(name, wanted)
        installation = Installation(
            id=fresh_id("pi", self._now_ms),
            pipeline_id=self._pipelines[pipeline],
            template=self._templates[name],
            revision=revision,
            start=self._heads,
            enabled=wanted.enabled,
            paused=wanted.paused,
            created_ms=self._now_ms,
            updated_ms=self._now_ms,
        )
        self._control.attach(installation)
        return installation.id

    def _revision(self, name: str, wanted: WantedInstallation) -> Revision:
        """One that says it already, of this integration and in use; else a new one. The first makes its template."""
        for known in self._revisions.setdefault(name, []):
            if _says(known, wanted):
                return known
        made = self._added(name, wanted) if name in self._templates else self._first(name, wanted)
        self._revisions[name].append(made)
        return made

    def _added(self, name: str, wanted: WantedInstallation) -> Revision:
        template = self._templates[name]
        return self._control.add_revision(template.id, self._made(wanted, template.id, "Applied from a document"))

    def _first(self, name: str, wanted: WantedInstallation) -> Revision:
        integration = self._catalog.get(wanted.vendor)
        template = Template(
            id=fresh_id("tmpl", self._now_ms),
            name=name,
            vendor=wanted.vendor,
            variant=wanted.variant,
            description=integration.summary,
            created_ms=self._now_ms,
            updated_ms=self._now_ms,
        )
        made = self._made(wanted, template.id, "Installed")
        revision = msgspec.structs.replace(made, id=fresh_id("rev", self._now_ms), number=1, created_ms=self._now_ms)
        self._control.install(template, revision, [])
        self._templates[name] = template
        return revision

    def _made(self, wanted: WantedInstallation, template_id: str, summary: str) -> Revision:
        return Revision(
            id="",
            template_id=template_id,
            number=0,
            config=wanted.config,
            delivery_mode=wanted.delivery_mode,
            change_summary=summary,
            created_by=self._by,
            overrides=wanted.overrides,
        )

    def _webhooks(self, plan: Plan, ids: Ids) -> None:
        standing = plan.standing.webhooks
        for name in plan.of("webhook", "remove"):
            ids["webhook", name] = standing[name].id
            self._control.drop_source(standing[name].id)
        for name in plan.of("webhook", "change") + plan.of("webhook", "add"):
            wanted, before = plan.webhooks[name], standing.get(name)
            made: dict[str, Any] = {
                "id": before.id if before else fresh_id("wh", self._now_ms),
                "pipeline_id": self._pipelines[wanted.pipeline],
                "created_ms": before.created_ms if before else 0,
            }
            ids["webhook", name] = self._control.put_source(msgspec.structs.replace(wanted.source, **made)).id

    def _alerts(self, plan: Plan, ids: Ids) -> None:
        """What is watched from a first start on is not added to a document that says what is watched."""
        if plan.watches:
            self._control.ensure_alert_rules(())
        standing = plan.standing
        for name in plan.of("alert", "remove"):
            ids["alert", name] = standing.alerts[name].rule.id
            self._control.drop_alert_rule(standing.alerts[name].rule.id)
        rules = {name: one.rule.id for name, one in standing.alerts.items()}
        for name in plan.of("alert", "change") + plan.of("alert", "add"):
            rules[name] = ids["alert", name] = self._put_alert(name, plan, ids, rules.get(name, ""))
        for name in plan.of("alert_channel", "remove"):
            ids["alert_channel", name] = standing.channels[name].channel.id
            self._control.drop_alert_channel(standing.channels[name].channel.id)
        for name in plan.of("alert_channel", "change") + plan.of("alert_channel", "add"):
            ids["alert_channel", name] = self._put_channel(name, plan, rules)
        for name in plan.of("consent", "change"):
            ids["consent", name] = ""
            self._control.change_consent_settings(msgspec.structs.asdict(plan.consent))

    def _put_alert(self, name: str, plan: Plan, ids: Ids, rule_id: str) -> str:
        wanted = plan.alerts[name]
        on = (wanted.integration or "", wanted.pipeline or "")
        standing = plan.standing.installations.get(on)
        told: dict[str, Any] = {
            "id": rule_id,
            "name": plan.standing.alerts[name].rule.name if rule_id else name,
            "pipeline_id": None if wanted.integration or not wanted.pipeline else self._pipelines[wanted.pipeline],
            "installation_id": None if not wanted.integration else standing.id if standing else ids["integration", on],
        }
        return self._control.put_alert_rule(msgspec.structs.replace(wanted.rule, **told)).id

    def _put_channel(self, name: str, plan: Plan, rules: Mapping[str, str]) -> str:
        wanted, before = plan.channels[name], plan.standing.channels.get(name)
        told: dict[str, Any] = {
            "id": before.channel.id if before else "",
            "name": before.channel.name if before else name,
            "rule_ids": tuple(rules[one] for one in wanted.alerts),
        }
        return self._control.put_alert_channel(msgspec.structs.replace(wanted.channel, **told)).id


def _says(revision: Revision, wanted: WantedInstallation) -> bool:
    return (revision.config, revision.overrides, revision.delivery_mode) == (
        wanted.config,
        wanted.overrides,
        wanted.delivery_mode,
    )
