"""HTTP → checked, stamped event → log."""

from datafly.ingest.app import create_gateway
from datafly.ingest.doors import Append
from datafly.ingest.server import server_config
from datafly.ingest.settings import GatewaySettings

__all__ = ["Append", "GatewaySettings", "create_gateway", "server_config"]
