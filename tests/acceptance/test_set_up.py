"""`make install` on machines of many kinds, played by stand-ins for Python that write down what they are asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = """#!/bin/sh
# An interpreter of version {version}; with venv: {venv}, with packages to be had: {packages}
printf '%s\\n' "$0 $*" >> "$LOG"
case "$*" in
*version_info*) [ {version} -ge 11 ] ;;
*ensurepip*) {venv} ;;
*"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"install"*) {packages} ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A checkout in a folder with a space, and a PATH with the tools that every machine has."""
    checkout, tools = tmp_path / "my shop" / "signal", tmp_path / "bin"
    tools.mkdir()
    for folder in ("scripts", "requirements"):
        shutil.copytree(ROOT / folder, checkout / folder)
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / file, checkout)
    for tool in ("sh", "make", "touch", "cat", "mkdir", "cp", "dirname", "uname"):
        (tools / tool).symlink_to(shutil.which(tool))
    return Machine(checkout, tools)


class Machine:
    def __init__(self, checkout: Path, tools: Path) -> None:
        self.checkout, self.tools, self.log = checkout, tools, tools / "log"

    def has(self, name: str, version: int, *, venv: bool = True, packages: bool = True) -> None:
        words = {"version": version, "venv": str(venv).lower(), "packages": str(packages).lower()}
        (self.tools / name).write_text(STAND_IN.format(**words))
        (self.tools / name).chmod(0o755)

    def make(self, *words: str, status: int = 0) -> str:
        """Without a home. What was said; what was asked of interpreters is in `asked`."""
        self.log.write_text("")
        ran = subprocess.run(
            ["make", *words],
            cwd=self.checkout,
            env={"PATH": str(self.tools), "LOG": str(self.log)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == status, ran.stdout + ran.stderr
        return ran.stderr

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()

    def made_with(self) -> str:
        return next(Path(line.split()[0]).name for line in self.asked if "-m venv" in line)


def test_a_new_python_beside_an_old_one_is_found(machine):
    machine.has("python3", 8)
    machine.has("python3.12", 12)
    machine.make("install")
    assert machine.made_with() == "python3.12"


def test_an_interpreter_that_is_named_comes_first(machine):
    machine.has("python3.12", 12)
    machine.has("mine", 11)
    machine.make("install", f"PYTHON={machine.tools}/mine")
    assert machine.made_with() == "mine"


def test_one_that_is_named_and_too_old_is_told_and_passed_over(machine):
    machine.has("python3.12", 12)
    machine.has("old", 8)
    said = machine.make("install", f"PYTHON={machine.tools}/old")
    assert f"PYTHON={machine.tools}/old is no Python 3.11 or newer; looking for another." in said
    assert machine.made_with() == "python3.12"


def test_one_without_venv_is_passed_over_for_one_that_has_it(machine):
    machine.has("python3.13", 13, venv=False)
    machine.has("python3.11", 11)
    machine.make("install")
    assert machine.made_with() == "python3.11"


def test_packages_are_locked_wheels_and_signal_itself_needs_no_network(machine):
    machine.has("python3.12", 12)
    machine.make("install")
    locked, itself = [line for line in machine.asked if "pip install" in line]
    assert "--only-binary :all: --require-hashes -r requirements/core.txt" in locked
    assert itself.endswith("--no-deps --no-build-isolation --no-index -e .")


def test_a_second_time_nothing_is_done_until_a_lock_changes(machine):
    machine.has("python3.12", 12)
    machine.make("install")
    machine.make("install")
    assert machine.asked == []

    lock = machine.checkout / "requirements/core.txt"
    newer = (machine.checkout / ".venv/core.stamp").stat().st_mtime + 1
    os.utime(lock, (newer, newer))
    machine.make("install")
    assert [line for line in machine.asked if "-m venv" in line] == []
    assert any("requirements/core.txt" in line for line in machine.asked)


def test_when_packages_cannot_be_had_it_says_what_to_do_and_tries_again_next_time(machine):
    machine.has("python3.12", 12, packages=False)
    said = machine.make("install", status=2)
    assert "PIP_INDEX_URL=https://mirror.example/simple make run" in said
    assert not (machine.checkout / ".venv/core.stamp").exists()
    machine.make("install", status=2)


def test_the_gate_is_the_same_everywhere():
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "make test"
    assert os.access(ROOT / ".ci/run", os.X_OK)
