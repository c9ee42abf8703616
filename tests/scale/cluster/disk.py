"""A file system of its own for one folder, that can be full: in memory, of which it takes what is in it."""

import os
import shutil
import subprocess
from pathlib import Path

ROOM_BYTES = 4_000_000_000
LEFT_BYTES = 65_536


class Disk:
    """Root alone may mount."""

    def __init__(self, folder: Path):
        self._folder = folder

    @staticmethod
    def may_be_had() -> bool:
        return os.geteuid() == 0 and bool(shutil.which("mount"))

    def mount(self) -> None:
        self._folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM_BYTES}", "tmpfs", str(self._folder)], check=True)

    def fill(self) -> None:
        """There is next to no room for more, until it is emptied."""
        self._resize(shutil.disk_usage(self._folder).used + LEFT_BYTES)

    def empty(self) -> None:
        self._resize(ROOM_BYTES)

    def unmount(self) -> None:
        if os.path.ismount(self._folder):
            subprocess.run(["umount", "-l", str(self._folder)], check=True)

    def _resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self._folder)], check=True)
