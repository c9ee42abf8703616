"""Samples → the examples of a page."""

import json
from collections.abc import Iterator

from datafly.spec.integration import Integration, Sample


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
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
