"""Every package in `datafly.integrations` that has an `integration` is one."""

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from functools import lru_cache

from datafly import integrations
from datafly.model.errors import NotFound
from datafly.spec.integration import Integration


def folders() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(integrations.__path__))


def load(folder: str) -> Integration:
    """Raises what a broken definition raises, and `TypeError` where there is none."""
    found = getattr(importlib.import_module(f"{integrations.__name__}.{folder}"), "integration", None)
    if not isinstance(found, Integration):
        raise TypeError(f"{folder} has no `integration` that is an Integration")
    return found


def all_integrations() -> tuple[Integration, ...]:
    """By slug."""
    return _loaded(tuple(folders()))


def all_but(slugs: Collection[str]) -> Iterator[Integration]:
    """The others, which alone are loaded: a folder is named as its integration is."""
    return (load(folder) for folder in folders() if folder not in slugs)


def get(slug: str) -> Integration:
    """Raises `NotFound`, which names those that exist."""
    known = {one.slug: one for one in all_integrations()}
    if slug not in known:
        there = ", ".join(known) or "none"
        raise NotFound(f"There is no integration {slug!r}; there is {there}.", vendor=slug, known=list(known))
    return known[slug]


@lru_cache(maxsize=8)
def _loaded(names: tuple[str, ...]) -> tuple[Integration, ...]:
    return tuple(sorted((load(name) for name in names), key=lambda one: one.slug))
