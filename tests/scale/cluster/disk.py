"""A file system of its own for one folder, that can be full: in memory, of which it takes what is in it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOM_BYTES = 4_000_000_000
LEFT_BYTES = 65_536
MOST_TRIES = 10


class Disk:
    def __init__(self, folder: Path):
        self._folder = folder

    @staticmethod
    def may_be_had() -> bool:
        """Root alone may mount, and not in every container."""
        if os.geteuid() != 0 or not shutil.which("mount"):
            return False
        with tempfile.TemporaryDirectory() as folder:
            disk = Disk(Path(folder) / "data")
            try:
                disk.mount()
            except subprocess.CalledProcessError:
                return False
            disk.unmount()
        return True

    def mount(self) -> None:
        self._folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM_BYTES}", "tmpfs", str(self._folder)], check=True)

    def fill(self) -> None:
        """There is next to no room for more, until it is emptied. The system refuses less than is there by then: who
        writes meanwhile is left more.
        """
        for doubled in range(MOST_TRIES):
            if self._is_resized(shutil.disk_usage(self._folder).used + (LEFT_BYTES << doubled)):
                return
        raise OSError(f"{self._folder} cannot be made as small as what is in it")

    def empty(self) -> None:
        if not self._is_resized(ROOM_BYTES):
            raise OSError(f"{self._folder} cannot be made larger again")

    def unmount(self) -> None:
        if os.path.ismount(self._folder):
            subprocess.run(["umount", "-l", str(self._folder)], check=True)

    def _is_resized(self, size: int) -> bool:
        return subprocess.run(["mount", "-o", f"remount,size={size}", str(self._folder)], check=False).returncode == 0
