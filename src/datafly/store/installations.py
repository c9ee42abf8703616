"""Templates, their revisions, and where they are installed."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from datafly.model.errors import Conflict, Invalid
from datafly.model.installation import Installation, Revision, Template
from datafly.store import rows
from datafly.store.database import Database
from datafly.store.ids import fresh_id
from datafly.store.schema import (
    installations,
    pipelines,
    removed_templates,
    revision_overrides,
    revisions,
    rollouts,
    templates,
)
from datafly.store.seal import Sealer

_Stamped = TypeVar("_Stamped", Template, Installation)
_CHANGEABLE: Final = frozenset({"enabled", "paused", "removed_ms", "end"})


class Installations:
    """The part of `Control` that keeps integrations."""

    _database: Database
    _sealer: Sealer

    def install(self, template: Template, revision: Revision, installations: Sequence[Installation]) -> None:
        """Times that are 0 are filled in. A name is free again once its template's last installation is removed."""
        with self._database.change() as connection:
            _require_free(connection, template.name)
            now_ms = self._database.now_ms()
            self._insert(connection, _stamped(template, now_ms), _created(revision, now_ms))
            for installation in installations:
                _require_same(installation, template, revision)
                _attach(connection, _stamped(installation, now_ms))

    def attach(self, installation: Installation) -> None:
        """Another pipeline for a template in force, at one of its revisions."""
        with self._database.change() as connection:
            _require_own(connection, installation, installation.revision.id)
            _attach(connection, _stamped(installation, self._database.now_ms()))

    def installations(self, *, removed: bool = False) -> list[Installation]:
        """Oldest first."""
        select = rows.installation_select()
        if not removed:
            select = select.where(installations.c.removed_ms.is_(None))
        with self._database.read() as connection:
            found = connection.execute(select).mappings().all()
        return [rows.installation_of(row, self._sealer) for row in found]

    def installation(self, installation_id: str) -> Installation:
        with self._database.read() as connection:
            return self._installation(connection, installation_id)

    def revision(self, revision_id: str) -> Revision:
        with self._database.read() as connection:
            select = rows.revision_select().where(revisions.c.id == revision_id)
            row = rows.first(connection, select, f"There is no revision {revision_id}.")
        return rows.revision_of(row, self._sealer)

    def latest_revision(self, template_id: str) -> Revision:
        with self._database.read() as connection:
            row = rows.first(connection, _latest(template_id), f"There is no template {template_id}.")
        return rows.revision_of(row, self._sealer)

    def revise(self, installation_id: str, revision: Revision, *, if_match: str | None = None) -> Installation:
        """`template_id`, `number`, and an empty `id` or time of the revision are filled in."""
        with self._database.change() as connection:
            before = self._in_force(connection, installation_id, if_match)
            now_ms = self._database.now_ms()
            added = self._add(connection, revision, before.template.id, now_ms)
            _pin(connection, before, added.id, now_ms)
            return self._installation(connection, installation_id)

    def change_installation(
        self, installation_id: str, changes: dict[str, Any], *, if_match: str | None = None
    ) -> Installation:
        """`enabled`, `paused`, `removed_ms` with `end`. What is removed stays removed → `Conflict`."""
        _require_changeable(changes)
        with self._database.change() as connection:
            before = self._in_force(connection, installation_id, if_match)
            values = dict(changes) | {"updated_ms": self._database.now_ms()}
            if "end" in values:
                values["end_offsets"] = values.pop("end")
            _update(connection, installation_id, values)
            if changes.get("removed_ms") is not None:
                _free_name(connection, before.template.id)
            return self._installation(connection, installation_id)

    def templates(self) -> list[Template]:
        """Oldest first."""
        with self._database.read() as connection:
            found = connection.execute(_kept().order_by(templates.c.created_ms, templates.c.id)).mappings()
            return [rows.template_of(row) for row in found]

    def template(self, template_id: str) -> Template:
        with self._database.read() as connection:
            return rows.template_of(_template(connection, template_id))

    def change_template(self, template_id: str, changes: dict[str, str], *, if_match: str | None = None) -> Template:
        """`name`, `description`. One that is installed nowhere any more keeps its name, which may be another's."""
        with self._database.change() as connection:
            before = rows.template_of(_template(connection, template_id))
            rows.require_match(before, if_match)
            after = msgspec.structs.replace(before, **changes, updated_ms=self._database.now_ms())
            its = templates.c.id == template_id
            values: dict[str, Any] = {"description": after.description, "updated_ms": after.updated_ms}
            if after.name != before.name:
                _require_free(connection, after.name)
                is_taken = _template(connection, template_id)["taken_name"] is not None
                values |= {"name": after.name, "taken_name": after.name if is_taken else None}
            connection.execute(sa.update(templates).where(its).values(values))
            return after

    def remove_template(self, template_id: str, *, if_match: str | None = None) -> Template:
        """What it was. Its revisions stay for what was sent by them, without their secrets."""
        with self._database.change() as connection:
            before = rows.template_of(_template(connection, template_id))
            rows.require_match(before, if_match)
            _require_uninstalled(connection, before)
            gone = {"template_id": template_id, "removed_ms": self._database.now_ms()}
            connection.execute(sa.insert(removed_templates).values(gone))
            connection.execute(sa.update(templates).where(templates.c.id == template_id).values(taken_name=None))
            configs = sa.select(revisions.c.id, revisions.c.config).where(revisions.c.template_id == template_id)
            for revision_id, config in connection.execute(configs).all():
                forgotten = sa.update(revisions).where(revisions.c.id == revision_id)
                connection.execute(forgotten.values(config=self._sealer.forget(config)))
            return before

    def revisions(self, template_id: str) -> list[Revision]:
        """Newest first."""
        with self._database.read() as connection:
            _template(connection, template_id)
            found = connection.execute(_of_template(template_id)).mappings().all()
        return [rows.revision_of(row, self._sealer) for row in found]

    def add_revision(self, template_id: str, revision: Revision) -> Revision:
        """Filled in as by `revise`; it is pinned nowhere."""
        with self._database.change() as connection:
            _template(connection, template_id)
            return self._add(connection, revision, template_id, self._database.now_ms())

    def pin(self, installation_id: str, revision_id: str, *, if_match: str | None = None) -> Installation:
        """A revision of its template; a canary ends with it."""
        with self._database.change() as connection:
            before = self._in_force(connection, installation_id, if_match)
            _require_own(connection, before, revision_id)
            _pin(connection, before, revision_id, self._database.now_ms())
            return self._installation(connection, installation_id)

    def try_out(
        self, installation_id: str, revision_id: str | None, percent: float, *, if_match: str | None = None
    ) -> Installation:
        """A canary for `percent` of the keys; None: none any more."""
        with self._database.change() as connection:
            before = self._in_force(connection, installation_id, if_match)
            if revision_id is not None:
                _require_own(connection, before, revision_id)
            canary = {"canary_revision_id": revision_id, "canary_percent": percent if revision_id else 0.0}
            _roll_out(connection, installation_id, {"former_revision_id": before.former_revision_id, **canary})
            _update(connection, installation_id, {"updated_ms": self._database.now_ms()})
            return self._installation(connection, installation_id)

    def _insert(self, connection: sa.Connection, template: Template, revision: Revision) -> None:
        if revision.template_id != template.id:
            raise ValueError("the revision is of another template")
        connection.execute(sa.insert(templates).values(rows.template_row(template)))
        self._keep(connection, revision)

    def _add(self, connection: sa.Connection, revision: Revision, template_id: str, now_ms: int) -> Revision:
        added = _numbered(connection, _created(revision, now_ms), template_id)
        self._keep(connection, added)
        return added

    def _keep(self, connection: sa.Connection, revision: Revision) -> None:
        connection.execute(sa.insert(revisions).values(rows.revision_row(revision, self._sealer)))
        if revision.overrides:
            overrides = {"revision_id": revision.id, "overrides": revision.overrides}
            connection.execute(sa.insert(revision_overrides).values(overrides))

    def _installation(self, connection: sa.Connection, installation_id: str) -> Installation:
        select = rows.installation_select().where(installations.c.id == installation_id)
        row = rows.first(connection, select, f"There is no pipeline integration {installation_id}.")
        return rows.installation_of(row, self._sealer)

    def _in_force(self, connection: sa.Connection, installation_id: str, if_match: str | None) -> Installation:
        found = self._installation(connection, installation_id)
        rows.require_match(found, if_match)
        if found.removed_ms is not None:
            raise Conflict(f"{found.name} is removed. Install it anew.", code="REMOVED")
        return found


def _stamped(value: _Stamped, now_ms: int) -> _Stamped:
    created_ms = value.created_ms or now_ms
    return msgspec.structs.replace(value, created_ms=created_ms, updated_ms=value.updated_ms or created_ms)


def _created(revision: Revision, now_ms: int) -> Revision:
    return msgspec.structs.replace(
        revision, id=revision.id or fresh_id("rev", now_ms), created_ms=revision.created_ms or now_ms
    )


def _numbered(connection: sa.Connection, revision: Revision, template_id: str) -> Revision:
    latest = connection.execute(_latest(template_id)).mappings().one()
    return msgspec.structs.replace(revision, template_id=template_id, number=latest["number"] + 1)


def _latest(template_id: str) -> sa.Select[Any]:
    return _of_template(template_id).limit(1)


def _of_template(template_id: str) -> sa.Select[Any]:
    chosen = rows.revision_select().where(revisions.c.template_id == template_id)
    return chosen.order_by(revisions.c.number.desc())


def _kept() -> sa.Select[Any]:
    return sa.select(templates).where(templates.c.id.not_in(sa.select(removed_templates.c.template_id)))


def _template(connection: sa.Connection, template_id: str) -> rows.Row:
    select = _kept().where(templates.c.id == template_id)
    return rows.first(connection, select, f"There is no template {template_id}.")


def _require_uninstalled(connection: sa.Connection, template: Template) -> None:
    joined = installations.join(pipelines, installations.c.pipeline_id == pipelines.c.id)
    its = (installations.c.template_id == template.id, installations.c.removed_ms.is_(None))
    found = connection.execute(sa.select(installations.c.id, pipelines.c.name).select_from(joined).where(*its)).all()
    if found:
        names = ", ".join(sorted(name for _, name in found))
        raise Conflict(
            f"{template.name} is installed on {names}, at one of its revisions. Uninstall it there, then delete it.",
            code="INSTALLED",
            pipeline_integrations=sorted(one for one, _ in found),
        )


def _require_own(connection: sa.Connection, installation: Installation, revision_id: str) -> None:
    template_id = installation.template.id
    select = _of_template(template_id).where(revisions.c.id == revision_id)
    if connection.execute(select).first() is None:
        raise Invalid(f"{installation.name} has no revision {revision_id[:100]}.", field="revision_id")


def _pin(connection: sa.Connection, before: Installation, revision_id: str, now_ms: int) -> None:
    if revision_id != before.revision.id or before.canary:
        former = before.revision.id if revision_id != before.revision.id else before.former_revision_id
        ended = {"former_revision_id": former, "canary_revision_id": None, "canary_percent": 0.0}
        _roll_out(connection, before.id, ended)
    _update(connection, before.id, {"revision_id": revision_id, "updated_ms": now_ms})


def _roll_out(connection: sa.Connection, installation_id: str, values: dict[str, Any]) -> None:
    changed = sa.update(rollouts).where(rollouts.c.installation_id == installation_id).values(values)
    if connection.execute(changed).rowcount == 0:
        connection.execute(sa.insert(rollouts).values({"installation_id": installation_id, **values}))


def _require_free(connection: sa.Connection, name: str) -> None:
    if connection.execute(sa.select(templates.c.id).where(templates.c.taken_name == name)).first():
        raise Conflict(f'An integration named "{name}" exists already. Choose another name.', field="name")


def _require_same(installation: Installation, template: Template, revision: Revision) -> None:
    if (installation.template.id, installation.revision.id) != (template.id, revision.id):
        raise ValueError("an installation is of the template and revision that it is installed with")


def _attach(connection: sa.Connection, installation: Installation) -> None:
    pipeline_id = installation.pipeline_id
    select = sa.select(pipelines.c.id).where(pipelines.c.id == pipeline_id)
    rows.first(connection, select, f"There is no pipeline {pipeline_id}.")
    connection.execute(sa.insert(installations).values(rows.installation_row(installation)))


def _require_changeable(changes: dict[str, Any]) -> None:
    for name in changes:
        if name not in _CHANGEABLE:
            raise Invalid(f"{name} of a pipeline integration cannot be changed.", field=name)


def _update(connection: sa.Connection, installation_id: str, values: dict[str, Any]) -> None:
    connection.execute(sa.update(installations).where(installations.c.id == installation_id).values(values))


def _free_name(connection: sa.Connection, template_id: str) -> None:
    kept = sa.select(installations.c.id).where(
        installations.c.template_id == template_id, installations.c.removed_ms.is_(None)
    )
    if connection.execute(kept).first() is None:
        connection.execute(sa.update(templates).where(templates.c.id == template_id).values(taken_name=None))
