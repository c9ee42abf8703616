"""A whole campaign: make test-kill, or with words of one's own

python tests/kill/run.py --kills 200
python tests/kill/run.py --seed 7 --kills 50 --delivery-workers 2 -- --segment-bytes 65536
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path

from campaign.campaign import Wanted, carry_out


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill -9 at random instants under load.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--senders", type=int, default=6)
    parser.add_argument("--pace", type=float, default=0.2, help="the longest pause of a sender, in seconds")
    parser.add_argument("--longest-wait", type=float, default=1.5, help="the longest pause between kills, in seconds")
    parser.add_argument("--gateway-workers", type=int, default=1)
    parser.add_argument("--delivery-workers", type=int, default=1)
    parser.add_argument("--folder", help="where the data folder is made, and kept, for the disk that is meant")
    parser.add_argument("flags", nargs="*", help="go to datafly up")
    options = vars(parser.parse_args())
    folder, flags = options.pop("folder"), tuple(options.pop("flags"))
    wanted = Wanted(flags=flags, **options)
    print(f"seed {wanted.seed}", flush=True)
    with tempfile.TemporaryDirectory() as passing:
        told = asyncio.run(carry_out(Path(folder or passing), wanted, lambda line: print(line, flush=True)))
    json.dump({"seed": wanted.seed, **told.figures()}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
