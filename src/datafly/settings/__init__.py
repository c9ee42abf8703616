"""One table of settings, and how they are read."""

from datafly.settings.read import Found, Row, find, parameters, table
from datafly.settings.table import Sentence, Settings

__all__ = ["Found", "Row", "Sentence", "Settings", "find", "parameters", "table"]
