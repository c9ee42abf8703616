"""Senders that keep to one gateway as long as it answers, each event again until it is acknowledged."""

import asyncio
import random
import time
from collections.abc import Sequence

import aiohttp
from campaign.senders import Sent
from campaign.tree import Broken

USERS = 25


class Load:
    """`batch` events each `period` seconds; `began`: user → when each of its events was sent first (monotonic)."""

    def __init__(self, name: str, targets: Sequence[str], key: str, sent: Sent, *, batch: int, period: float):
        self._targets, self._at = list(targets), random.randrange(len(targets))
        self._headers = {"Authorization": f"Bearer {key}"}
        self._sent, self._batch, self._period = sent, batch, period
        self._users = [f"{name}-{number}" for number in range(USERS)]
        self.began: dict[str, list[float]] = {user: [] for user in self._users}
        sent.numbers.update(dict.fromkeys(self._users, 0))

    async def run(self, stop: asyncio.Event) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            due = time.monotonic() + random.uniform(0.0, self._period)
            while not stop.is_set():
                await asyncio.sleep(max(due - time.monotonic(), 0.0))
                due = max(due + self._period, time.monotonic() - 1.0)  # after an outage not all at once
                await self._send(session, [self._event() for _ in range(self._batch)])

    def _event(self) -> dict:
        user = random.choice(self._users)
        number = self._sent.numbers[user]
        self._sent.numbers[user] = number + 1
        self.began[user].append(time.monotonic())
        return {
            "type": "track",
            "event": "Campaign Event",
            "messageId": f"{user}-{number}",
            "userId": user,
            "properties": {"number": number},
            "context": {"consent": {"marketing": True}},
        }

    async def _send(self, session: aiohttp.ClientSession, events: list[dict]) -> None:
        while not await self._is_taken(session, {"batch": events}, len(events)):
            self._at = (self._at + 1) % len(self._targets)
            await asyncio.sleep(0.1)
        self._sent.message_ids += [event["messageId"] for event in events]

    async def _is_taken(self, session: aiohttp.ClientSession, body: dict, count: int) -> bool:
        try:
            async with session.post(f"{self._targets[self._at]}/v1/batch", json=body, headers=self._headers) as reply:
                told = await reply.json()
        except (aiohttp.ClientError, TimeoutError):
            self._sent.cut += 1
            return False
        if reply.status == 200 and told.get("accepted") == count:
            return True
        if reply.status != 503:
            raise Broken(f"{count} events were sent, and the answer is {reply.status} {told}")
        self._sent.refused[503] = self._sent.refused.get(503, 0) + 1
        return False
