"""What is drawn from a definition: schema, form, page, install call, scenarios for a sandbox, test cases."""

from datafly.spec.faces.cases import Case, cases, event_of
from datafly.spec.faces.curl import curl_install, example_config, install_body
from datafly.spec.faces.form import catalog_entry, config_fields
from datafly.spec.faces.page import page, page_path
from datafly.spec.faces.scenarios import Scenario, scenarios
from datafly.spec.faces.schema import config_schema, install_schema

__all__ = [
    "Case",
    "Scenario",
    "cases",
    "catalog_entry",
    "config_fields",
    "config_schema",
    "curl_install",
    "event_of",
    "example_config",
    "install_body",
    "install_schema",
    "page",
    "page_path",
    "scenarios",
]
