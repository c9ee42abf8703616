"""Watches how Signal does, and tells people when it does not."""
