"""The page about the gateway cannot say something else than the gateway does."""

import re
from pathlib import Path

from datafly.ingest.codes import Code

PAGE = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text()


def test_every_code_stands_in_the_page_with_its_status_and_sentence():
    told = re.findall(r"^\| (\d{3}) \| `([A-Z0-9_]+)` \| (.+?) \| (yes|no) \|$", PAGE, re.MULTILINE)

    codes = [(str(code.status), code.name, code.sentence, "no" if code.value.final else "yes") for code in Code]
    assert told == codes
