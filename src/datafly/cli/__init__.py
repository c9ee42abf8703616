"""The command `datafly`: words in, a call of the rooms below, words out."""

from datafly.cli.app import main

__all__ = ["main"]
