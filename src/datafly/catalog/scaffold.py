"""A new integration to start from: one file that passes the lint and the suite, and says what to change."""

import keyword
import re
import unicodedata
from pathlib import Path
from string import Template

from datafly.model.errors import Conflict, Invalid

_DEFINITION = Path(__file__).parent / "templates" / "definition.py.txt"


def scaffold(name: str, root: Path) -> Path:
    """Writes one file under `root`, the checkout, and returns its path.

    Raises `Invalid` for a name that no folder can have, `Conflict` where there is one already.
    """
    words = {"name": name.strip(), "slug": _slug(name)}
    path = root / "src/datafly/integrations" / words["slug"] / "__init__.py"
    if path.exists():
        raise Conflict(f"{path} exists already; nothing was written.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(_DEFINITION.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
    return path


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not slug[:1].isalpha() or keyword.iskeyword(slug) or not name.isprintable() or '"' in name or "\\" in name:
        raise Invalid(
            f"{name!r} is no name for an integration: take a word or more of letters, e.g. Acme Mail.",
            field="name",
        )
    return slug
