import re
from pathlib import Path

import pytest
import typer

from datafly.cli.app import app
from datafly.cli.reference import pages
from datafly.ingest.codes import Code
from datafly.settings import table

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PUBLISHED = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def is_dead(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


def test_every_link_between_pages_leads_somewhere():
    links = [(page, link) for page in PUBLISHED for link in LINK.findall(text(page))]
    assert links
    assert [f"{page.relative_to(ROOT)} -> {link}" for page, link in links if is_dead(page, link)] == []


def test_every_page_is_found_from_the_first_one():
    reached = {DOCS / "index.md"}
    waiting = list(reached)
    while waiting:
        page = waiting.pop()
        for link in LINK.findall(text(page)):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in reached:
                reached.add(target)
                waiting.append(target)
    told = [page for page in DOCS.rglob("*.md") if page.parent.name != "decisions"]
    assert [str(page.relative_to(ROOT)) for page in told if page not in reached] == []


@pytest.mark.parametrize("page", pages(ROOT), ids=str)
def test_a_generated_page_is_what_it_is_drawn_from(page):
    assert text(ROOT / page) == pages(ROOT)[page]()


def test_every_setting_has_its_row():
    page = text(DOCS / "reference/settings.md")
    assert [row.variable for row in table() if f"| `{row.variable}` | `{row.flag}` |" not in page] == []


def test_every_command_and_each_of_its_options_is_told():
    page = text(DOCS / "reference/cli.md")
    commands = dict(words_of(typer.main.get_command(app), "datafly"))
    assert "datafly token create" in commands
    settings = {row.flag for row in table()}
    for name, command in commands.items():
        section = page.split(f"\n## `{name}`\n")[1].split("\n## ")[0]
        taken = [one for one in command.params if one.name != "help"]
        own = [one for one in taken if not settings & set(one.opts)]
        words = [one.metavar if one.param_type_name == "argument" else one.opts[0] for one in own]
        assert [word for word in words if f"| `{word}" not in section] == []
        assert ("Takes every [setting]" in section) is (len(own) < len(taken))


def words_of(command, name):
    within = getattr(command, "commands", None)
    if not within:
        yield name, command
    for own, one in (within or {}).items():
        yield from words_of(one, f"{name} {own}")


def test_every_code_of_the_gateway_has_its_row():
    page = text(DOCS / "reference/errors.md")
    assert [code.name for code in Code if f"| `{code.name}` | {code.status} | {code.sentence} |" not in page] == []


def test_what_the_readme_promises_of_make_is_there():
    targets = set(re.findall(r"^(\w+):", text(ROOT / "Makefile"), re.MULTILINE))
    promised = re.findall(r"make (\w+)", text(ROOT / "README.md") + text(ROOT / "CONTRIBUTING.md"))
    assert set(promised) <= targets
