"""raw → events: ordered steps, each a pure function; and the loop that takes every record through them once."""

from datafly.process.body import Refused
from datafly.process.lookup import StateReader
from datafly.process.memory import Memory
from datafly.process.processor import Processor
from datafly.process.steps import Context, Duplicate, process_one

__all__ = ["Context", "Duplicate", "Memory", "Processor", "Refused", "StateReader", "process_one"]
