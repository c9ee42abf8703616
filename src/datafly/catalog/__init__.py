"""The definitions that come with Signal: found by folder, linted by rules, never listed."""

from datafly.catalog import rules as _rules  # noqa: F401 - fills the list of rules
from datafly.catalog.docs import docs_are_current, render_docs, stale_docs
from datafly.catalog.find import all_but, get
from datafly.catalog.find import all_integrations as all  # noqa: A004 - reads as catalog.all()
from datafly.catalog.lint import Finding, Rule, check
from datafly.catalog.scaffold import scaffold

__all__ = [
    "Finding",
    "Rule",
    "all",
    "all_but",
    "check",
    "docs_are_current",
    "get",
    "render_docs",
    "scaffold",
    "stale_docs",
]
