"""The roles, a module each: `async def run(settings, stop, ready)` works until `stop` and says `ready` once."""
