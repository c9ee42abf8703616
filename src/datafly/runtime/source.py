"""Secrets of those who post signed requests, made from the machine itself."""

from datafly.model.errors import OperatorError
from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, signing_id
from datafly.runtime.prepare import open_the_store
from datafly.settings import Settings
from datafly.store.base import Control
from datafly.store.ids import fresh_signing_secret


def renew_signing_secret(settings: Settings, pipeline: str) -> Secret:
    """`pipeline`: its id, slug or name; empty is the oldest. Raises `OperatorError`."""
    store = open_the_store(settings)
    try:
        found = _pipeline(store.control, pipeline)
        secret = Secret(fresh_signing_secret())
        store.control.put_source(Source(signing_id(found.id), found.id, SIGNING, secret))
        return secret
    finally:
        store.close()


def _pipeline(control: Control, named: str) -> Pipeline:
    if not named:
        return control.ensure_default_pipeline()
    known = control.pipelines()
    for one in known:
        if named in (one.id, one.slug, one.name):
            return one
    names = ", ".join(one.slug for one in known) or "none yet"
    raise OperatorError(f"There is no pipeline {named!r}; there are: {names}.", code="NO_PIPELINE")
