"""Typed telemetry events and where they go."""

from datafly.observe.base import Telemetry, add_measure, add_sink, counts, emit, figures, forget_sinks

__all__ = ["Telemetry", "add_measure", "add_sink", "counts", "emit", "figures", "forget_sinks"]
