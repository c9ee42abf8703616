"""docs/spec/integration.md names what there is, and only tests that exist."""

import re
from pathlib import Path

from datafly.catalog.lint import RULES
from datafly.spec.convert import CONVERTERS
from datafly.spec.nodes import ROOTS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/spec/integration.md").read_text(encoding="utf-8")


def test_every_rule_converter_and_root_is_in_the_reference():
    for rule in RULES:
        assert f"| `{rule.name}` | {rule.tier} | {' '.join(rule.check.__doc__.split())} |" in PAGE
    for name, converter in CONVERTERS.items():
        assert f"| `{'texts' if name == 'list' else name}` | {converter.says} |" in PAGE
    for root in ROOTS:
        assert f"`{root}`" in PAGE


def test_every_test_that_it_names_exists():
    sources = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("src/datafly/testing/*.py")]
    written = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for name in re.findall(r"`(test_\w+)`", PAGE):
        assert f"def {name}(" in written, name
