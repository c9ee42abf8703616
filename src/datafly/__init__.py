"""Signal: an open, self-hosted, server-side customer-event gateway."""

__version__ = "0.1.0"
