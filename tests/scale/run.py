"""Two of each role on three brokers and a database, at 2,000 events a second while things fail: make test-scale

python tests/scale/run.py --rate 2000 --between 10
python tests/scale/run.py --trouble "kill delivery" --trouble "lose a broker"

Cutting the network needs root, `unshare` and `nft`: then all of it runs in a network of its own, of which only loopback
is up. Filling a disk needs root. Where that is missing it is left out, and told.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

for _folder in (Path(__file__).parent, Path(__file__).parents[1] / "kill"):
    sys.path.insert(0, str(_folder))

from cluster.campaign import CUT, FILL, Wanted, carry_out  # noqa: E402  its folder is known by now
from cluster.disk import Disk  # noqa: E402  as above
from cluster.troubles import TROUBLES  # noqa: E402

_OWN_NETWORK = "SIGNAL_OWN_NETWORK"


def main() -> None:
    parser = argparse.ArgumentParser(description="Many processes under load while things fail.")
    parser.add_argument("--rate", type=int, default=2_000, help="events a second")
    parser.add_argument("--between", type=float, default=8.0, help="seconds of load around each trouble")
    parser.add_argument("--brokers", type=int, default=3)
    parser.add_argument("--trouble", action="append", choices=TROUBLES, help="only these; again for more")
    given = parser.parse_args()
    troubles = tuple(given.trouble or TROUBLES)
    if FILL in troubles and not Disk.may_be_had():
        print("No disk is filled: that needs root.", flush=True)
        troubles = tuple(one for one in troubles if one != FILL)
    if CUT in troubles and _OWN_NETWORK not in os.environ:
        if can_cut():
            sys.exit(_in_a_network_of_its_own())
        print("The network is not cut: that needs root, unshare and nft.", flush=True)
        troubles = tuple(one for one in troubles if one != CUT)
    wanted = Wanted(rate=given.rate, between=given.between, brokers=given.brokers, troubles=troubles)
    with tempfile.TemporaryDirectory(prefix="signal-scale-") as folder:
        told = asyncio.run(carry_out(Path(folder), wanted, lambda line: print(line, flush=True)))
    json.dump(told, sys.stdout, indent=2)
    print()


def can_cut() -> bool:
    return os.geteuid() == 0 and bool(shutil.which("unshare")) and bool(shutil.which("nft"))


def _in_a_network_of_its_own() -> int:
    line = 'ip link set lo up && exec "$@"'
    command = ["unshare", "-n", "sh", "-c", line, "sh", sys.executable, *sys.argv]
    return subprocess.run(command, env={**os.environ, _OWN_NETWORK: "1"}, check=False).returncode


if __name__ == "__main__":
    main()
