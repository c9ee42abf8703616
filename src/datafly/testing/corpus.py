"""A corpus: events as they are sent, and beside each the exact requests that a vendor gets for it, or the refusal.

    python -m datafly.testing.corpus contract/insider

writes the requests anew, for whoever then reads the difference. The format is told in `contract/README.md`.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from datafly import catalog
from datafly.model.event import Event, Received
from datafly.model.installation import Pipeline
from datafly.model.verdict import Ruling
from datafly.process.memory import Memory
from datafly.process.steps import Context, process_one
from datafly.shape import shape_event
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Compiled
from datafly.spec.config import validate_config
from datafly.spec.faces import example_config

NOW_MS: Final = 1_795_600_000_000
"""When all of it is received and sent: 2026-11-25T09:46:40Z."""
_PIPELINE: Final = "corpus"
_GRANTED: Final = {"marketing": True, "analytics": True}
_CONTEXT: Final = Context({_PIPELINE: Pipeline(_PIPELINE, "Corpus", "corpus", "dk_corpus", consent_defaults=_GRANTED)})
OUTCOME: Final = ("requests", "refused", "warnings")

Case = Mapping[str, Any]


def read_corpus(folder: Path) -> Iterator[tuple[str, Case]]:
    """(file: title, case) of every file, in their order. The folder bears the slug of the integration."""
    for path in sorted(folder.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")):
            yield f"{path.stem}: {case['case']}", case


def installed(slug: str, case: Case) -> Compiled:
    return _installed(slug, case.get("variant", "default"), json.dumps(case.get("config", {})))


@cache
def _installed(slug: str, variant: str, given: str) -> Compiled:
    integration = catalog.get(slug)
    config = {**example_config(integration), **json.loads(given)}
    checked = validate_config(integration, variant, integration.delivery_modes[0], config)
    return compile_integration(integration, checked, variant=variant)


def governed(case: Case) -> Event:
    """The event as it comes out of `process`, after those that came before it."""
    memory = Memory()
    sent = [*case.get("before", ()), case["event"]]
    outcomes = [process_one(_received(number, event), _CONTEXT, memory) for number, event in enumerate(sent)]
    event = outcomes[-1]
    assert isinstance(event, Event), event
    return event


def outcome(slug: str, case: Case) -> dict[str, Any]:
    """`requests`, with `warnings` if there are any, or `refused`."""
    made = installed(slug, case)
    shaped = shape_event(made, governed(case), NOW_MS)
    if isinstance(shaped, Ruling):
        return {"refused": {"verdict": shaped.verdict.value, "reason": shaped.reason}}
    sent = [made.assemble([item]) for item in shaped]
    requests = [
        {"method": one.method, "path": urlsplit(one.url).path, "body": msgspec.json.decode(one.body)} for one in sent
    ]
    warnings = [warning for item in shaped for warning in item.warnings]
    return {"requests": requests, **({"warnings": warnings} if warnings else {})}


def write_corpus(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        cases = json.loads(path.read_text(encoding="utf-8"))
        told = [{name: value for name, value in case.items() if name not in OUTCOME} for case in cases]
        written = [{**case, **outcome(folder.name, case)} for case in told]
        path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _received(number: int, event: Mapping[str, Any]) -> Received:
    message_id = event.get("messageId", f"m-{number}")
    return Received(_PIPELINE, message_id, NOW_MS, msgspec.Raw(msgspec.json.encode(event)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_corpus(Path(name))
