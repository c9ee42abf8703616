"""Integration catalogue: drawn by `datafly docs` from the routes; do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datafly.management.client.connection import Connection, quoted, repeated

if TYPE_CHECKING:
    from datafly.management.checking import CheckView
    from datafly.management.installing import InstallBody
    from datafly.management.previewing import FirstPreviewBody, PreviewView
    from datafly.management.routes.catalog import InstalledView
    from datafly.management.views.catalog import Vendor


class IntegrationCatalogueCalls(Connection):
    def list_vendors(self) -> Iterator[Vendor]:
        """The integration library.

        By key, ascending.
        """
        from datafly.management.views.catalog import Vendor

        return self.each("/v1/admin/integration-catalog", Vendor)

    def get_vendor(self, vendor: str) -> Vendor:
        """One vendor of the library."""
        from datafly.management.views.catalog import Vendor

        return self.call("GET", f"/v1/admin/integration-catalog/{quoted(vendor)}", Vendor)

    def install_vendor(self, vendor: str, body: InstallBody, *, idempotency_key: str | None = None) -> InstalledView:
        """Install an integration.

        It gets every event that comes from now on.
        """
        from datafly.management.routes.catalog import InstalledView

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
        from datafly.management.previewing import PreviewView

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
        from datafly.management.checking import CheckView

        return self.call(
            "POST",
            f"/v1/admin/integration-catalog/{quoted(vendor)}/test",
            CheckView,
            body=body,
            headers={**repeated(idempotency_key)},
        )
