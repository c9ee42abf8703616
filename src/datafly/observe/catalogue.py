"""Every metric that there is, for the page that tells of them and for whoever checks names."""

import importlib
import pkgutil

from datafly import observe
from datafly.observe.base import Telemetry
from datafly.observe.figures import Family, Gauge, described, described_gauge


def every_metric() -> list[Family]:
    """By name, without samples."""
    modules = [
        importlib.import_module(f"{observe.__name__}.{one.name}") for one in pkgutil.iter_modules(observe.__path__)
    ]
    events = [family for kind in telemetry() for family in described(kind)]
    gauges = [described_gauge(one) for module in modules for one in vars(module).values() if isinstance(one, Gauge)]
    return sorted([*events, *gauges], key=lambda family: family.name)


def telemetry() -> list[type[Telemetry]]:
    """Of the package; tests have kinds of their own."""
    return [kind for kind in Telemetry.__subclasses__() if kind.__module__.startswith(f"{observe.__name__}.")]
