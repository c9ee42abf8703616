"""Holds for all pages: a slow, loaded machine is waited for."""

from playwright.sync_api import expect

expect.set_options(timeout=60_000)
