"""`datafly sandbox`: the vendor sandboxes by themselves, for systems that send to a vendor without Signal."""

import os
import sqlite3
from collections.abc import Sequence

from datafly.model.errors import OperatorError
from datafly.observe import add_sink
from datafly.observe.lines import bridge_libraries, line_sink
from datafly.runtime.folder import usable_folder
from datafly.runtime.people import url_of
from datafly.runtime.ports import refuse_busy_ports
from datafly.runtime.serve import plain_config, serve
from datafly.runtime.up import stop_on_signals
from datafly.sandbox.app import Sandbox, create_app
from datafly.sandbox.drawn import every_room
from datafly.sandbox.settings import SandboxSettings, Seed, SeedKey
from datafly.settings import Settings


async def run_sandbox(settings: Settings, *, key: str | None, hosts: Sequence[str]) -> None:
    """Run until SIGINT or SIGTERM. Raises `OperatorError` with a cure where the set-up is wrong.

    `key` is a credential that is there from the start; `hosts` are names with a dot by which the sandbox is called.
    """
    os.umask(0o077)
    bridge_libraries()
    add_sink(line_sink(role="sandbox", level=settings.log_level, style=settings.log_format))
    refuse_busy_ports(settings, ["sandbox_port"])
    seed = Seed() if key is None else Seed(keys=(SeedKey(partner=Seed().partners[0], key=key),))
    app = _open(settings, seed, hosts)
    try:
        config = plain_config(app, host=settings.host, port=settings.sandbox_port)
        await serve(config, stop_on_signals(), lambda: print(_words(settings, seed), flush=True))  # noqa: T201
    finally:
        app.close()


def _open(settings: Settings, seed: Seed, hosts: Sequence[str]) -> Sandbox:
    wanted = SandboxSettings(data_dir=settings.data_dir, seed=seed, allowed_hosts=(settings.host, *hosts))
    with usable_folder(settings):
        try:
            return create_app(wanted)
        except sqlite3.Error as error:
            raise OperatorError(
                f"What the sandbox keeps in {settings.data_dir / 'sandbox'} cannot be opened ({error}): "
                "remove it, or set DATAFLY_DATA_DIR to another folder."
            ) from error


def _words(settings: Settings, seed: Seed) -> str:
    here = url_of(settings, settings.sandbox_port)
    lines = ["The vendor sandboxes are running; nothing in them reaches a vendor.", ""]
    for room in every_room():
        lines += [
            f"  {room.name}",
            f"    base URL     {here}/{room.slug}",
            f"    panel        {here}{room.panel_path}",
            f"    control API  {here}/{room.slug}/_control/",
        ]
    account = f"Account {seed.partners[0]}"
    with_key = f"{account}, with the key that was given." if seed.keys else f"{account}; its panel generates a key."
    return "\n".join([*lines, "", with_key, "Ctrl-C stops it; what arrived is kept."])
