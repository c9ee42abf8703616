"""What people decided, and what became of events."""

from datafly.store.base import Control, Delivery, Ledger, Progress, Token, Writing
from datafly.store.keys import load_or_create_key
from datafly.store.open import SqlStore, open_store

__all__ = [
    "Control",
    "Delivery",
    "Ledger",
    "Progress",
    "SqlStore",
    "Token",
    "Writing",
    "load_or_create_key",
    "open_store",
]
