import re
import subprocess
import sys

import pytest

from datafly.runtime.shed import unchanged

SMAPS = """\
7f1000000000-7f1000002000 r-xp 00001000 08:01 101                        /usr/lib/libone.so
Size:                  8 kB
Anonymous:             0 kB
7f1000002000-7f1000003000 r--p 00003000 08:01 101                        /usr/lib/libone.so
Anonymous:             4 kB
7f1000003000-7f1000004000 rw-p 00004000 08:01 101                        /usr/lib/libone.so
Anonymous:             0 kB
7f1000005000-7f1000006000 r--s 00000000 08:01 102                        /var/lib/shared.db-shm
Anonymous:             0 kB
7f1000007000-7f1000008000 r--p 00000000 08:01 103                        /opt/a folder/lib two.so
Anonymous:             0 kB
7f1000009000-7f100000a000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
7f100000b000-7f100000c000 rw-p 00000000 00:00 0
Anonymous:             4 kB
"""

CHILD = """
import hashlib, json, re, sqlite3, zlib
from pathlib import Path
from datafly.runtime.shed import shed_code

def held():
    told = Path("/proc/self/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"_Clean: +([0-9]+)", told)))

before = held()
shed_code()
after = held()
again = json.loads(json.dumps({"a": [1.5, "x"]})), sqlite3.connect(":memory:").execute("SELECT 1").fetchone()
assert again == ({"a": [1.5, "x"]}, (1,))
assert zlib.decompress(zlib.compress(b"x" * 99)) == b"x" * 99
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
print(before, after)
"""


def test_only_what_is_as_in_its_file_may_leave():
    found = list(unchanged(SMAPS))
    assert found == [(0x7F1000000000, 0x7F1000002000), (0x7F1000007000, 0x7F1000008000)]


@pytest.mark.skipif(sys.platform != "linux", reason="what is mapped is told on Linux alone")
def test_a_program_goes_on_with_less_of_its_code_in_memory():
    words = [sys.executable, "-c", CHILD]
    told = subprocess.run(words, capture_output=True, check=True, text=True)
    before, after = map(int, re.findall(r"\d+", told.stdout))
    assert after < before
