"""The person at the management API: installs, rotates a vendor's key again and again, asks how it stands."""

import asyncio
import itertools

import aiohttp

from campaign.tree import Broken, Tree


class Operator:
    def __init__(self, tree: Tree):
        self._tree = tree
        self._token = ""
        self.rotations = 0

    async def set_up(self, sink_port: int, accounts: tuple[str, ...]) -> tuple[str, dict[str, str]]:
        """The pipeline key, and account → installation."""
        self._token = self._tree.run("token", "create", "--name", "campaign")
        (pipeline,) = (await self._ask("GET", "pipelines"))["data"]
        installed = {}
        for account in accounts:
            config = {"api_key": "key", "partner_name": account, "base_url": f"http://127.0.0.1:{sink_port}/{account}"}
            made = await self._ask(
                "POST", "integration-catalog/insider/install", {"name": f"Campaign {account}", "config": config}
            )
            installed[account] = made["pipeline_integrations"][0]["id"]
        return pipeline["pipeline_key"], installed

    async def run(self, installation_id: str, stop: asyncio.Event) -> None:
        """Another key every half a second, as far as the API is there."""
        for number in itertools.count():
            if stop.is_set():
                return
            try:
                config = {"api_key": f"key-{number}"}
                await self._ask("PATCH", f"pipeline-integrations/{installation_id}", {"config": config})
                self.rotations += 1
            except aiohttp.ClientResponseError as error:
                if error.status != 503:
                    raise Broken(f"A key could not be rotated: {error}") from error
            except (aiohttp.ClientError, TimeoutError):
                pass  # it was killed
            await asyncio.sleep(0.5)

    async def lag(self, installation_id: str) -> int:
        return (await self._ask("GET", f"pipeline-integrations/{installation_id}"))["lag"]

    async def _ask(self, method: str, path: str, body: object = None):
        headers = {"Authorization": f"Bearer {self._token}"}
        async with (
            aiohttp.ClientSession(raise_for_status=True, timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.request(method, f"{self._tree.admin}/{path}", json=body, headers=headers) as reply,
        ):
            return await reply.json()
