"""The management API: what people decide, and what became of every event."""

from datafly.management.app import create_management
from datafly.management.services import Catalog
from datafly.management.settings import ManagementSettings

__all__ = ["Catalog", "ManagementSettings", "create_management"]
