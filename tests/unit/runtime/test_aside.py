"""Work that leaves nothing in the memory of the process that asked for it."""

import subprocess
import sys

import pytest

ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
# In a process of their own: the one that runs the tests has threads.
BEGIN = "import os, sys; from datafly.model.errors import OperatorError; from datafly.runtime.aside import aside\n"


def _ran(code):
    return subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)


def test_what_was_done_aside_is_done(tmp_path):
    ran = _ran(f"aside(lambda: open({str(tmp_path / 'made')!r}, 'w').close()); print('went on')")
    assert (ran.stdout, ran.returncode) == ("went on\n", 0)
    assert (tmp_path / "made").exists()


@ONLY_LINUX
def test_what_is_loaded_aside_is_not_loaded_here():
    ran = _ran("aside(lambda: __import__('alembic.command')); print('alembic' in sys.modules)")
    assert ran.stdout == "False\n", ran.stderr


def test_a_foreseen_failure_is_told_in_its_own_words():
    ran = _ran(
        "def fail(): raise OperatorError('It is “full”.')\n"
        "try: aside(fail)\n"
        "except OperatorError as error: print(error.message)"
    )
    assert ran.stdout == "It is “full”.\n", ran.stderr


@ONLY_LINUX
def test_another_failure_is_told_above_and_does_not_pass_for_success():
    ran = _ran("try: aside(lambda: 1 / 0)\nexcept OperatorError as error: print(error.message)")
    assert "ended with status 1; see the lines above" in ran.stdout
    assert "ZeroDivisionError" in ran.stderr


@ONLY_LINUX
def test_a_copy_that_is_killed_does_not_pass_for_success():
    ran = _ran("try: aside(lambda: os.kill(os.getpid(), 9))\nexcept OperatorError as error: print(error.message)")
    assert "ended with status -9" in ran.stdout
