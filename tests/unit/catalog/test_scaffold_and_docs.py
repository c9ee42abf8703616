import importlib
import sys
from pathlib import Path

import pytest

from datafly import catalog, integrations
from datafly.model.errors import Conflict, Invalid

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder whose integrations are found beside those of the product."""
    added = tmp_path / "src/datafly/integrations"
    monkeypatch.setattr(integrations, "__path__", [*integrations.__path__, str(added)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("datafly.integrations.acme_mail")]:
        del sys.modules[name]
    if hasattr(integrations, "acme_mail"):
        del integrations.acme_mail


def test_a_scaffolded_integration_is_one_file_that_is_found_and_passes_the_lint(checkout):
    written = catalog.scaffold("Acme Mail", checkout)
    importlib.invalidate_caches()
    assert [path for path in checkout.rglob("*") if path.is_file()] == [written]
    assert catalog.check() == []
    assert catalog.get("acme_mail").name == "Acme Mail"


def test_a_name_that_no_folder_can_have_is_refused(tmp_path):
    for name in ("", "7 Mail", "??", 'a"b'):
        with pytest.raises(Invalid, match="no name for an integration"):
            catalog.scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_letter_with_an_accent_stays_a_letter_in_the_slug(tmp_path):
    assert catalog.scaffold("Café Mail", tmp_path).parent.name == "cafe_mail"


def test_what_exists_is_not_overwritten(tmp_path):
    first = catalog.scaffold("Acme Mail", tmp_path)
    first.write_text("mine")
    with pytest.raises(Conflict, match="exists already"):
        catalog.scaffold("acme-mail", tmp_path)
    assert first.read_text() == "mine"


def test_a_definition_that_does_not_load_is_a_finding(checkout):
    folder = checkout / "src/datafly/integrations/acme_mail"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('broken')")
    importlib.invalidate_caches()
    assert [str(finding) for finding in catalog.check()] == [
        "acme_mail: does not load: RuntimeError: broken (loads)",
    ]


def test_pages_are_written_then_current_then_stale_when_they_differ(tmp_path):
    index, insider = Path("docs/integrations/index.md"), Path("docs/integrations/insider.md")
    assert {index, insider} <= set(catalog.stale_docs(tmp_path))
    catalog.render_docs(tmp_path)
    assert catalog.docs_are_current(tmp_path)
    gone = (tmp_path / insider).read_text().replace("insider", "gone")
    (tmp_path / insider).write_text("edited")
    (tmp_path / "docs/integrations/gone.md").write_text(gone)
    assert catalog.stale_docs(tmp_path) == [Path("docs/integrations/gone.md"), insider]
    assert catalog.render_docs(tmp_path) == [Path("docs/integrations/gone.md"), insider]
    assert catalog.docs_are_current(tmp_path)
    assert not (tmp_path / "docs/integrations/gone.md").exists()


def test_a_page_that_is_not_drawn_from_a_definition_is_left_alone(tmp_path):
    catalog.render_docs(tmp_path)
    (tmp_path / "docs/integrations/by-hand.md").write_text("# By hand")
    assert catalog.render_docs(tmp_path) == []
    assert (tmp_path / "docs/integrations/by-hand.md").read_text() == "# By hand"


def test_the_pages_of_this_checkout_are_current():
    assert catalog.stale_docs(ROOT) == []
