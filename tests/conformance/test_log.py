"""Every backend of the log keeps the promises of `log.base`."""

from uuid import uuid4

import pytest

from datafly.testing.log_program import Opening
from datafly.testing.log_suite import LogSuite


class TestSqliteLog(LogSuite):
    @pytest.fixture
    def opening(self, tmp_path):
        return Opening("datafly.testing.log_program:open_sqlite", {"root": str(tmp_path / "log")})


class TestKafkaLog(LogSuite):
    @pytest.fixture
    def opening(self, kafka):
        return Opening("datafly.testing.log_program:open_kafka", {"servers": kafka, "prefix": f"t{uuid4().hex}."})
