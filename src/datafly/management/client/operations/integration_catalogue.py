"""Integration catalogue: drawn by `datafly docs` from the routes; do not edit."""

from collections.abc import Iterator

from datafly.management.checking import CheckView
from datafly.management.client.connection import Connection, quoted, repeated
from datafly.management.installing import InstallBody
from datafly.management.previewing import FirstPreviewBody, PreviewView
from datafly.management.routes.catalog import InstalledView
from datafly.management.views.catalog import Vendor


class IntegrationCatalogueCalls(Connection):
    def list_vendors(self) -> Iterator[Vendor]:
        """The integration library.

        By key, ascending.
        """
        return self.each("/v1/admin/integration-catalog", Vendor)

    def get_vendor(self, vendor: str) -> Vendor:
        """One vendor of the library."""
        return self.call("GET", f"/v1/admin/integration-catalog/{quoted(vendor)}", Vendor)

    def install_vendor(self, vendor: str, body: InstallBody, *, idempotency_key: str | None = None) -> InstalledView:
        """Install an integration.

        It gets every event that comes from now on.
        """
        return self.call(
            "POST",
            f"/v1/admin/integration-catalog/{quoted(vendor)}/install",
            InstalledView,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def preview_vendor(self, vendor: str, body: FirstPreviewBody, *, idempotency_key: str | None = None) -> PreviewView:
        """What one event would become, before anything is installed.

        Nothing is kept, and nothing is sent to the vendor.
        """
        return self.call(
            "POST",
            f"/v1/admin/integration-catalog/{quoted(vendor)}/preview",
            PreviewView,
            body=body,
            headers={**repeated(idempotency_key)},
        )

    def test_config(self, vendor: str, body: InstallBody, *, idempotency_key: str | None = None) -> CheckView:
        """Test credentials before they are installed.

        Sends one request that only reads, with the config of the body; nothing is kept.
        """
        return self.call(
            "POST",
            f"/v1/admin/integration-catalog/{quoted(vendor)}/test",
            CheckView,
            body=body,
            headers={**repeated(idempotency_key)},
        )
