"""The store's promises, kept by SQLite."""

import pytest

from datafly.testing.alert_suite import AlertSuite
from datafly.testing.intake_suite import IntakeSuite
from datafly.testing.ledger_suite import LedgerSuite
from datafly.testing.people_suite import PeopleSuite
from datafly.testing.store_suite import StoreSuite


class TestControlInSqlite(StoreSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestLedgerInSqlite(LedgerSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestIntakeInSqlite(IntakeSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestPeopleInSqlite(PeopleSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestAlertsInSqlite(AlertSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"
