"""A role whose supervisor is gone ends without a word."""

import os
import subprocess
import sys

import pytest

from datafly.runtime.spawned import dump
from datafly.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


def _left_alone(said):
    """What the role delivery writes to standard error, and its status: nobody hears it, and the lifeline ends."""
    nobody, out = os.pipe()
    os.close(nobody)
    with subprocess.Popen(
        [sys.executable, "-m", "datafly.runtime.spawned", "delivery"],
        stdin=subprocess.PIPE,
        stdout=out,
        stderr=subprocess.PIPE,
    ) as role:
        os.close(out)
        _, told = role.communicate(said, timeout=60)
    return told, role.returncode


def test_killed_before_it_had_said_anything_it_leaves_a_role_that_ends(settings):
    assert _left_alone(dump(settings)[:20]) == (b"", 0)


def test_killed_while_a_role_starts_it_leaves_one_that_drains_and_ends(settings):
    told, status = _left_alone(dump(settings))
    assert (b"Traceback" in told, status) == (False, 0)
