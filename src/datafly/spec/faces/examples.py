"""Samples → the examples of a page."""

import json
from collections.abc import Iterator
from typing import Any, Final

from datafly.spec.integration import Integration, Sample

_LONGEST: Final = 200
_SHOWN: Final = 20


def examples(integration: Integration) -> Iterator[str]:
    for sample in integration.samples:
        yield f"### {sample.title[0].upper()}{sample.title[1:]}"
        yield _json(sample.event)
        yield from _outcome(sample)


def _outcome(sample: Sample) -> Iterator[str]:
    if sample.refuses:
        yield f"Not sent: `{sample.refuses}`."
    else:
        yield "becomes"
        yield _json(sample.sends)
    for warning in sample.warns:
        yield f"With a warning: {warning}"


def _json(value: object) -> str:
    return f"```json\n{json.dumps(_readable(value), indent=2, ensure_ascii=False)}\n```"


def _readable(value: Any) -> Any:
    """Nobody reads a text that is there for its length."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_SHOWN]}… ({len(value):,} characters)"
    if isinstance(value, list):
        return [_readable(one) for one in value]
    return {name: _readable(one) for name, one in value.items()} if isinstance(value, dict) else value
