"""The management API: what people decide, and what became of every event."""

from datafly.management.app import compose, create_management
from datafly.management.services import Catalog, hand_in
from datafly.management.settings import ManagementSettings

__all__ = ["Catalog", "ManagementSettings", "compose", "create_management", "hand_in"]
