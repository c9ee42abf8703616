"""The roles, a module each: `async def run(settings, stop, ready)` works until `stop` and says `ready` once.

Where there is `prepare(settings)`, it builds what takes no store, socket or thread: once, before roles are forked.
"""
