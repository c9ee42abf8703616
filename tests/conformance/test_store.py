"""The store's promises, kept by SQLite and by PostgreSQL."""

import pytest

from datafly.store.dialect import create_engine, url_of
from datafly.testing.alert_suite import AlertSuite
from datafly.testing.erasure_suite import ErasureSuite
from datafly.testing.intake_suite import IntakeSuite
from datafly.testing.ledger_suite import LedgerSuite
from datafly.testing.people_suite import PeopleSuite
from datafly.testing.settings_suite import SettingsSuite
from datafly.testing.store_suite import OpeningSuite, StoreSuite
from datafly.testing.template_suite import TemplateSuite


class TestControlInSqlite(StoreSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestTemplatesInSqlite(TemplateSuite):
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


class TestSettingsInSqlite(SettingsSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestAlertsInSqlite(AlertSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestErasuresInSqlite(ErasureSuite):
    @pytest.fixture
    def place(self, tmp_path):
        return tmp_path / "data"


class TestOpeningInPostgres(OpeningSuite):
    @pytest.fixture
    def place(self, postgres_place):
        return postgres_place


class TestControlInPostgres(StoreSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestTemplatesInPostgres(TemplateSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestLedgerInPostgres(LedgerSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestIntakeInPostgres(IntakeSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestPeopleInPostgres(PeopleSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestAlertsInPostgres(AlertSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestSettingsInPostgres(SettingsSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


class TestErasuresInPostgres(ErasureSuite):
    @pytest.fixture
    def place(self, postgres_store):
        return postgres_store


def test_a_session_that_falls_silent_in_a_transaction_does_not_hold_others_up_for_long(postgres_store):
    engine = create_engine(url_of(postgres_store))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "5s"
    engine.dispose()
