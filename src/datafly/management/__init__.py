"""The management API: what people decide, and what became of every event."""
