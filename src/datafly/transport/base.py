"""Outgoing → Reply. A transport never retries and never judges, and raises nothing for what a network can do."""

from typing import Protocol

from datafly.model.delivery import Outgoing, Reply


class Transport(Protocol):
    async def send(self, outgoing: Outgoing) -> Reply:
        """One request, no redirects followed. Every failure is a `Reply` with `status` None and `error` in words."""

    async def close(self) -> None: ...
