"""Brokers, a database and two of each role, under load while things fail: what was acknowledged arrives, in order."""
