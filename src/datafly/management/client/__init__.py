"""The management API from the other side: a typed method for each operation, and live events as they come."""

from collections.abc import Iterator
from typing import Any

import msgspec

from datafly.management.client.connection import AWAY, Tagged, require_good
from datafly.management.client.operations import Operations


class Followed(msgspec.Struct, frozen=True):
    """`place`: to go on after it. `event` None: the API answers, nothing has come yet."""

    place: str
    event: dict[str, Any] | None


class Client(Operations):
    """Of the Signal at `url`, with the rights of `token`.

    Methods are named as operations are in the OpenAPI document, take its bodies and answer its shapes; a list goes on
    over all its pages. They are drawn from the routes by `datafly docs`.
    """

    def follow(self, after: str = "") -> Iterator[Followed]:
        """Live events as they come, until the connection ends; raises what is in `AWAY` where it breaks."""
        headers = {"Last-Event-ID": after} if after else {}
        with self.reply("GET", "/v1/admin/live-events?follow=true", headers=headers) as reply:
            require_good(reply)
            yield Followed(after, None)
            for raw in reply:
                if raw.startswith(b"id:"):
                    after = raw[3:].strip().decode()
                elif raw.startswith(b"data:"):
                    yield Followed(after, msgspec.json.decode(raw[5:]))


__all__ = ["AWAY", "Client", "Followed", "Tagged"]
