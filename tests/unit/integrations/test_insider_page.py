"""The page that the product is built for (insider-page.txt), held word for word against what is generated."""

from pathlib import Path

from datafly import catalog
from datafly.spec.faces import curl_install, page

PAGE = page(catalog.get("insider"))
WORDS = (Path(__file__).parent / "insider-page.txt").read_text(encoding="utf-8")


def plain(text):
    """Words only: neither Markdown nor indentation."""
    return "\n".join(" ".join(line.replace("`", "").strip("#>| ").split()) for line in text.splitlines())


def test_every_line_of_the_page_is_there_in_its_order():
    shown = plain(PAGE)
    at = 0
    for line in filter(None, plain(WORDS).splitlines()):
        found = shown.find(line, at)
        assert found >= 0, f"missing, or out of order: {line}"
        at = found + len(line)


def test_the_install_call_is_filled_in():
    call = curl_install(catalog.get("insider"), "http://signal.example:9000/", "tok_1", config={"api_key": "it's"})
    assert call.startswith(
        "curl -X POST http://signal.example:9000/v1/admin/integration-catalog/insider/install \\\n"
        '  -H "Authorization: Bearer tok_1" \\\n'
    )
    assert "'\"'\"'" in call, "a quote inside the body is quoted for the shell"
