"""Typed telemetry events and where they go."""

from datafly.observe.base import Telemetry, add_sink, counts, emit

__all__ = ["Telemetry", "add_sink", "counts", "emit"]
