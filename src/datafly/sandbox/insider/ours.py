"""Everything that the sandbox says and Insider does not document, in one list for pages and tests."""

from collections.abc import Iterator

import msgspec

from datafly.sandbox.insider import replies, rules


class OurWord(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what the header `x-sandbox-ours` tells; `where` is a status, or the end of a key in `fail.errors`."""

    name: str
    where: str
    message: str


def our_words() -> Iterator[OurWord]:
    for answer in replies.OURS:
        yield OurWord(name=answer.ours, where=f"status {answer.status}", message=str(answer.body["error"]))
    for rule in rules.OURS:
        yield OurWord(name=rule.ours, where=rule.path, message=rule.message)
