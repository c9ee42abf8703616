"""The commands that write source or pages work on a checkout, and nowhere else."""

from pathlib import Path

from datafly.model.errors import OperatorError


def require(root: Path) -> Path:
    """Raises `OperatorError` where `root` is no checkout, so that nothing is strewn over another folder."""
    if not (root / "src" / "datafly").is_dir():
        raise OperatorError(f"{root.resolve()} is no checkout of Signal: go to one, or name it with --root.")
    return root
