"""A new integration to start from: it loads, passes the lint and its own test, and says what to change."""

import keyword
import re
import unicodedata
from pathlib import Path
from string import Template

from datafly.model.errors import Conflict, Invalid

_HERE = Path(__file__).parent / "templates"
_FILES = {
    "definition.py.txt": "src/datafly/integrations/$slug/__init__.py",
    "samples.py.txt": "src/datafly/integrations/$slug/samples.py",
    "test.py.txt": "tests/unit/integrations/test_$slug.py",
}


def scaffold(name: str, root: Path) -> list[Path]:
    """Writes under `root`, the checkout, and returns what it wrote.

    Raises `Invalid` for a name that no folder can have, `Conflict` where there is one already.
    """
    words = {"name": name.strip(), "slug": _slug(name)}
    files = {root / Template(to).substitute(words): _HERE / source for source, to in _FILES.items()}
    taken = [path for path in files if path.exists()]
    if taken:
        raise Conflict(f"{taken[0]} exists already; nothing was written.")
    for path, source in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
    return list(files)


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not slug[:1].isalpha() or keyword.iskeyword(slug) or not name.isprintable() or '"' in name or "\\" in name:
        raise Invalid(
            f"{name!r} is no name for an integration: take a word or more of letters, e.g. Acme Mail.",
            field="name",
        )
    return slug
