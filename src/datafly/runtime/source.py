"""Secrets of those who post signed requests, made from the machine itself."""

import time
from typing import Any

import msgspec

from datafly.management.auditing import note
from datafly.management.place import COMMAND_LINE
from datafly.model.errors import Invalid, OperatorError
from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, require_workable, signing_id
from datafly.model.wording import wrong
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.base import Control
from datafly.store.ids import fresh_id, fresh_signing_secret


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
        secret = Secret(fresh_signing_secret())
        with store.control.together():
            source = store.control.put_source(Source(signing_id(found.id), found.id, SIGNING, secret))
            _note(store.control, "source.signing_secret_renewed", source)
        return secret
    finally:
        store.close()


def add_webhook(settings: Settings, kind: str, *, pipeline: str, config: Any, secret: Secret | None) -> Source:
    """Raises `OperatorError` for what could never work."""
    source = _webhook(kind, config, secret)
    store = open_the_store(settings)
    try:
        found = pipeline_named(store.control, pipeline)
        made = fresh_id("wh", time.time_ns() // 1_000_000)
        with store.control.together():
            source = store.control.put_source(msgspec.structs.replace(source, id=made, pipeline_id=found.id))
            _note(store.control, "source.created", source)
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
    store = open_the_store(settings)
    try:
        with store.control.together():
            gone = [source for source in store.control.sources() if source.id == source_id]
            store.control.drop_source(source_id)
            _note(store.control, "source.deleted", gone[0])
    finally:
        store.close()


def _note(control: Control, action: str, source: Source) -> None:
    changes = {"kind": (None, source.kind), "pipeline_id": (None, source.pipeline_id)}
    note(control, action, "source", source.id, changes=changes, place=COMMAND_LINE)


def _webhook(kind: str, config: Any, secret: Secret | None) -> Source:
    try:
        told = msgspec.convert(config, WebhookConfig)
    except msgspec.ValidationError as error:
        raise OperatorError(
            f"The config of a webhook source cannot be like that: {wrong(error, WebhookConfig)}."
        ) from error
    source = Source("", "", kind, secret, 0, told.verify, told.header, told.event_type_path, told.mappings)
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
