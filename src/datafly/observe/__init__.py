"""Typed telemetry events and where they go."""

from datafly.observe.base import Telemetry, add_sink, counts, emit, forget_sinks

__all__ = ["Telemetry", "add_sink", "counts", "emit", "forget_sinks"]
