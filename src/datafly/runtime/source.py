"""Secrets of those who post signed requests, made from the machine itself."""

import time
from typing import Any

import msgspec

from datafly.management import sourcing
from datafly.management.auditing import differences, note
from datafly.management.place import COMMAND_LINE
from datafly.management.views.naming import Name
from datafly.model.errors import Invalid, OperatorError
from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.model.source import Source, require_workable
from datafly.model.wording import wrong
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.base import Control


class WebhookConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The config of a webhook source (contracts/signal.md §4.8), as its file has it."""

    verify: str = "hmac"
    header: str = ""
    event_type_path: str = ""
    mappings: dict[str, str] = {}


def renew_signing_secret(settings: Settings, pipeline: str) -> Secret:
    """`pipeline`: its id, slug or name; empty is the oldest. Raises `OperatorError`."""
    store = open_the_store(settings)
    try:
        found = pipeline_named(store.control, pipeline)
        with store.control.together():
            before = sourcing.signing(store.control, found.id)
            source, secret = sourcing.renew_signing(store.control, found.id, None)
            _note(store.control, "source.signing_secret_renewed", before, source)
        return secret
    finally:
        store.close()


def add_webhook(
    settings: Settings, kind: str, *, pipeline: str, config: Any, secret: Secret | None, name: str = ""
) -> Source:
    """Raises `OperatorError` for what could never work, `Conflict` for a name that another one has."""
    source = _webhook(kind, config, secret, name)
    store = open_the_store(settings)
    try:
        found = pipeline_named(store.control, pipeline)
        source = msgspec.structs.replace(source, pipeline_id=found.id)
        with store.control.together():
            source = sourcing.add(store.control, source, time.time_ns() // 1_000_000)
            _note(store.control, "source.created", None, source)
        return source
    finally:
        store.close()


def sources(settings: Settings) -> list[Source]:
    store = open_the_store(settings)
    try:
        return store.control.sources()
    finally:
        store.close()


def remove_source(settings: Settings, source_id: str) -> None:
    """Also the signing secret of a pipeline. Raises `NotFound`."""
    store = open_the_store(settings)
    try:
        with store.control.together():
            _note(store.control, "source.deleted", store.control.drop_source(source_id), None)
    finally:
        store.close()


def _note(control: Control, action: str, before: Source | None, after: Source | None) -> None:
    old, new = (sourcing.told_of(one) if one else {} for one in (before, after))
    known = after or before
    source_id = known.id if known else ""
    note(control, action, "source", source_id, changes=differences(old, new), place=COMMAND_LINE)


def _webhook(kind: str, config: Any, secret: Secret | None, name: str) -> Source:
    try:
        told = msgspec.convert(config, WebhookConfig)
    except msgspec.ValidationError as error:
        raise OperatorError(
            f"The config of a webhook source cannot be like that: {wrong(error, WebhookConfig)}."
        ) from error
    try:
        if name:
            msgspec.convert(name, Name)
    except msgspec.ValidationError as error:
        raise OperatorError(f"--name: {wrong(error, Name).says}.") from error
    source = Source("", "", kind, secret, 0, told.verify, told.header, told.event_type_path, told.mappings, name)
    try:
        require_workable(source)
    except Invalid as error:
        cure = " Give it by --secret-file." if error.details["field"] == "secret" else ""
        raise OperatorError(error.message + cure) from error
    return source


def pipeline_named(control: Control, named: str) -> Pipeline:
    """By its id, slug or name; the oldest for an empty one. Raises `OperatorError`."""
    if not named:
        return control.ensure_default_pipeline()
    known = control.pipelines()
    for one in known:
        if named in (one.id, one.slug, one.name):
            return one
    names = ", ".join(one.slug for one in known) or "none yet"
    raise OperatorError(f"There is no pipeline {named!r}; there are: {names}.", code="NO_PIPELINE")
