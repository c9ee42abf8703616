"""Senders as SDKs are: each request is sent again until it is acknowledged, and only then the next."""

import asyncio
import random
from dataclasses import dataclass, field

import aiohttp

from campaign.tree import Broken


@dataclass
class Sent:
    """What was acknowledged. `sent` counts events; `refused`: status → how often; `cut`: requests without an answer."""

    numbers: dict[str, int] = field(default_factory=dict)
    message_ids: list[str] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    cut: int = 0


class Sender:
    """Speaks for some users of its own, so that the order of each is known: number after number."""

    def __init__(self, name: str, target: str, key: str, chance: random.Random, sent: Sent, *, pace: float):
        self._target = target
        self._headers = {"Authorization": f"Bearer {key}"}
        self._chance = chance
        self._sent = sent
        self._pace = pace
        self._users = [f"{name}-user-{number}" for number in range(5)]
        for user in self._users:
            sent.numbers[user] = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Returns once everything it sent is acknowledged."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while not stop.is_set():
                await self._send(session, self._some_events())
                await asyncio.sleep(self._chance.uniform(0.0, self._pace))

    def _some_events(self) -> list[dict]:
        count = 1 if self._chance.random() < 0.5 else self._chance.randint(2, 30)
        return [self._event(self._chance.choice(self._users)) for _ in range(count)]

    def _event(self, user: str) -> dict:
        number = self._sent.numbers[user]
        self._sent.numbers[user] = number + 1
        return {
            "type": "track",
            "event": "Campaign Event",
            "messageId": f"{user}-{number}",
            "userId": user,
            "properties": {"number": number},
            "context": {"consent": {"marketing": True}},
        }

    async def _send(self, session: aiohttp.ClientSession, events: list[dict]) -> None:
        path, body = ("t", events[0]) if len(events) == 1 else ("batch", {"batch": events})
        while not await self._is_taken(session, f"{self._target}/v1/{path}", body, len(events)):
            await asyncio.sleep(0.05)
        self._sent.message_ids += [event["messageId"] for event in events]

    async def _is_taken(self, session: aiohttp.ClientSession, url: str, body: dict, count: int) -> bool:
        try:
            async with session.post(url, json=body, headers=self._headers) as reply:
                told = await reply.json()
        except (aiohttp.ClientError, TimeoutError):
            self._sent.cut += 1
            return False
        if reply.status == 200:
            if told.get("accepted", 1) != count:
                raise Broken(f"{count} events were sent, and the answer is {told}")
            return True
        if reply.status != 503 or "Retry-After" not in reply.headers:
            raise Broken(f"A sender was answered {reply.status} {dict(reply.headers)} {told}")
        self._sent.refused[reply.status] = self._sent.refused.get(reply.status, 0) + 1
        return False
