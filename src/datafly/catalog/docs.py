"""The pages of the integrations under docs/: written from the definitions, compared in CI."""

from pathlib import Path

from datafly.catalog.find import all_integrations
from datafly.spec.faces import page, page_path
from datafly.spec.faces.beside import beside_page
from datafly.spec.faces.tables import table

_INDEX = Path("docs/integrations/index.md")
_BESIDE = Path("docs/integrations/beside-others.md")
_OURS = "<!-- Generated from src/datafly/integrations"
"""How a page begins that is written here; others in the folder are left alone."""


_MARK = f"{_OURS} by `datafly docs`; change it there. -->"


def render_docs(root: Path) -> list[Path]:
    """Writes what is stale or missing, takes away pages of integrations that are gone; returns what it touched."""
    wanted = _pages()
    stale = stale_docs(root)
    for path in stale:
        text = wanted.get(path)
        if text is None:
            (root / path).unlink()
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    return stale


def stale_docs(root: Path) -> list[Path]:
    """Pages that are missing, differ from what would be written, or belong to nothing; relative to `root`."""
    wanted = _pages()
    there = {path.relative_to(root) for path in (root / _INDEX.parent).glob("*.md") if _is_ours(path)}
    differing = {path for path, text in wanted.items() if _read(root / path) != text}
    return sorted(differing | (there - wanted.keys()))


def docs_are_current(root: Path) -> bool:
    return not stale_docs(root)


def _pages() -> dict[Path, str]:
    every = all_integrations()
    slugs = {one.slug for one in every}
    return {
        _INDEX: _index(),
        _BESIDE: f"{_MARK}\n\n{beside_page(every)}",
        **{Path(page_path(one)): page(one, slugs) for one in every},
    }


def _index() -> str:
    rows = [(f"[{one.name}]({one.slug}.md)", one.category, one.stage, one.consent or "") for one in all_integrations()]
    return (
        f"{_OURS} by `datafly docs`; change it there. -->\n\n# Integrations\n\n"
        + table(("Integration", "Category", "Stage", "Consent"), rows)
        + "\n"
    )


def _is_ours(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith(_OURS)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
