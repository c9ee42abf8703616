import re
from pathlib import Path

from datafly.cli.reference import settings_page

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_the_table():
    assert (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8") == settings_page()


def test_every_link_between_pages_leads_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(ROOT)} -> {link}"
        for page in pages
        for link in re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert dead == []
