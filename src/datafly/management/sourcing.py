"""Who may post signed requests to a pipeline: webhook sources, and its own servers by the signing secret.

The same for the API, its pages and the command line. Each that changes something is called inside
`control.together()`, with the audit log.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from datafly.model.errors import Conflict, NotFound
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source, free_name, named, require_workable, signing_id
from datafly.store.base import Control
from datafly.store.ids import fresh_id, fresh_signing_secret

_SOURCE_ID: Final = re.compile(r"wh_[0-9a-z]{26}")
_UNTOLD: Final = frozenset({"id", "created_ms"})


def webhooks(control: Control, pipeline_id: str) -> list[Source]:
    """Of a pipeline, each with the name by which it is known. Raises `NotFound`."""
    control.pipeline(pipeline_id)
    return [one for one in _known(control) if one.pipeline_id == pipeline_id]


def webhook(control: Control, pipeline_id: str, source_id: str) -> Source:
    """Raises `NotFound`."""
    found = next((one for one in webhooks(control, pipeline_id) if one.id == source_id), None)
    if found is None:
        raise NotFound(f"There is no webhook source {source_id} on this pipeline.")
    return found


def add(control: Control, source: Source, now_ms: int) -> Source:
    """Where `source` has no id it gets one; without a name it is called by its kind. Raises `Invalid`, `Conflict`,
    `NotFound`.
    """
    control.pipeline(source.pipeline_id)
    known = _known(control)
    source = require_workable(source)
    name = source.name or free_name(source.kind, (one.name for one in known))
    source = msgspec.structs.replace(source, id=source.id or fresh_source_id(now_ms), name=name)
    if any(one.id == source.id for one in known):
        raise Conflict("This webhook source is added already.")
    _require_own_name(known, source)
    return control.put_source(source)


def fresh_source_id(now_ms: int) -> str:
    return fresh_id("wh", now_ms)


def is_source_id(text: str) -> bool:
    """Of the form of those that `fresh_source_id` makes."""
    return _SOURCE_ID.fullmatch(text) is not None


def change(
    control: Control, pipeline_id: str, source_id: str, changes: Mapping[str, Any], if_match: str | None
) -> tuple[Source, Source]:
    """What it was and is; its kind stays. Raises `Invalid`, `Conflict`, `NotFound`."""
    before = webhook(control, pipeline_id, source_id)
    _require_match(control, before, if_match)
    after = require_workable(msgspec.structs.replace(before, **changes))
    _require_own_name(_known(control), after)
    return before, control.put_source(after)


def remove(control: Control, pipeline_id: str, source_id: str, if_match: str | None) -> Source:
    """What it was. Raises `Conflict`, `NotFound`."""
    _require_match(control, webhook(control, pipeline_id, source_id), if_match)
    return control.drop_source(source_id)


def signing(control: Control, pipeline_id: str) -> Source | None:
    """The source that its own servers are, if they may sign. Raises `NotFound` for the pipeline."""
    control.pipeline(pipeline_id)
    return next((one for one in control.sources() if one.id == signing_id(pipeline_id)), None)


def renew_signing(control: Control, pipeline_id: str, if_match: str | None) -> tuple[Source, Secret]:
    """The secret can be told this once; the one before is refused from then on. An empty `if_match`: none yet."""
    _require_match(control, signing(control, pipeline_id), if_match)
    secret = Secret(fresh_signing_secret())
    return control.put_source(Source(signing_id(pipeline_id), pipeline_id, SIGNING, secret)), secret


def remove_signing(control: Control, pipeline_id: str, if_match: str | None) -> Source:
    """What it was. Raises `Conflict`, `NotFound`."""
    _require_match(control, require_signing(signing(control, pipeline_id)), if_match)
    return control.drop_source(signing_id(pipeline_id))


def require_signing(source: Source | None) -> Source:
    """Raises `NotFound`."""
    if source is None:
        raise NotFound("This pipeline has no signing secret. Make one.")
    return source


def told_of(source: Source) -> dict[str, Any]:
    """For the audit log, which masks the secret."""
    return {name: value for name, value in msgspec.structs.asdict(source).items() if name not in _UNTOLD}


def _known(control: Control) -> list[Source]:
    """Webhook sources of all pipelines: a document tells them apart by their names alone."""
    called = named([one for one in control.sources() if one.kind != SIGNING])
    return [msgspec.structs.replace(one, name=name) for name, one in called.items()]


def _require_match(control: Control, before: Source | None, if_match: str | None) -> None:
    if if_match is not None and if_match != (control.etag(before) if before else ""):
        what = (before.name if before else "") or "The signing secret"
        says = f"{what} was changed meanwhile. Read it again, then repeat the change."
        raise Conflict(says, code="STALE", status=412)


def _require_own_name(known: list[Source], source: Source) -> None:
    if any(other.name == source.name and other.id != source.id for other in known):
        raise Conflict(f'There is another webhook source named "{source.name}" already.', field="name")
