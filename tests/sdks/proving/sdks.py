"""The published SDKs, how each is driven, and what each can say."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parents[1]
DRIVERS = HERE / "drivers"
CALLS = json.loads((HERE / "calls.json").read_text(encoding="utf-8"))
KINDS = tuple(call["type"] for call in CALLS)
_LOCK = json.loads((DRIVERS / "package-lock.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Sdk:
    """`driver`: a file, and what it is to be told; of Node if it ends in .cjs, of Chromium in .html. `kinds`: the calls
    that the SDK has. `silent`: what its callers cannot say, so that the SDK says it. `remembers`: who the user is it
    knows from identify alone. `repeats`: it sends again what was not acknowledged. `spread`: `make test` runs it at
    several gateways too; `make sdks` runs all.
    """

    package: str
    driver: str
    host: str
    kinds: tuple[str, ...] = KINDS
    silent: tuple[str, ...] = ()
    remembers: bool = False
    repeats: bool = True
    spread: bool = False

    @property
    def where(self) -> str:
        return {".py": "Python", ".cjs": "Node", ".html": "Chromium"}[Path(self.driver.split()[0]).suffix]

    @property
    def version(self) -> str:
        if self.where == "Python":
            return version(self.package)
        return str(_LOCK["packages"][f"node_modules/{self.package}"]["version"])

    @property
    def calls(self) -> list[dict]:
        said = [call for call in CALLS if call["type"] in self.kinds]
        return [{name: value for name, value in call.items() if name not in self.silent} for call in said]


SDKS = (
    Sdk("segment-analytics-python", "python.py segment.analytics.client", "`host`", spread=True),
    Sdk("@segment/analytics-node", "segment_node.cjs", "`host`"),
    Sdk(
        "@segment/analytics-next",
        "segment_browser.html",
        "`cdnURL`; the settings that it asks for say where to send",
        remembers=True,
    ),
    Sdk("rudder-sdk-python", "python.py rudderstack.analytics.client", "`host`"),
    Sdk("@rudderstack/rudder-sdk-node", "rudder_node.cjs", "`dataPlaneUrl`", spread=True),
    Sdk(
        "@rudderstack/analytics-js",
        "rudder_browser.html",
        "the data plane of `load()`, and `configUrl`",
        kinds=tuple(kind for kind in KINDS if kind != "screen"),
        silent=("messageId",),
        remembers=True,
    ),
    Sdk(
        "@jitsu/js",
        "jitsu_node.cjs",
        "`host`; the key as `dk_…:x`",
        kinds=("identify", "track", "page", "group"),
        silent=("messageId", "timestamp"),
        remembers=True,
        repeats=False,
    ),
    Sdk(
        "@jitsu/js",
        "jitsu_browser.html",
        "`host`; the key as `dk_…:x`",
        spread=True,
        kinds=("identify", "track", "page", "group"),
        silent=("messageId", "timestamp"),
        remembers=True,
        repeats=False,
    ),
)
