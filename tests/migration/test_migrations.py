import sqlite3

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from datafly.model.delivery import Share, State
from datafly.model.errors import OperatorError
from datafly.store import Progress, open_store, schema
from datafly.store.migrate import FOLDER, HEAD
from datafly.testing.store_suite import KEY, OTHER_KEY

PARTS = ("attempts_", "outcomes_")
"""Tables that are parts of others begin so."""


def dump(file):
    with sqlite3.connect(file) as connection:
        told = list(connection.iterdump())
    connection.close()
    return told


def test_all_migrations_make_the_tables_that_the_code_knows(tmp_path):
    open_store(tmp_path, encryption_key=KEY).close()
    engine = sa.create_engine(f"sqlite:///{tmp_path}/store.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_all_migrations_make_the_tables_that_the_code_knows_in_postgres_too(postgres_store):
    def is_whole(_object, name, kind, reflected, _):
        return not (kind == "table" and reflected and name.startswith(PARTS))

    engine = sa.create_engine(postgres_store, poolclass=sa.NullPool)
    with engine.connect() as connection:
        opts = {"compare_type": True, "compare_server_default": True, "include_object": is_whole}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, schema.metadata) == []


def test_all_migrations_make_what_a_fresh_schema_would_be(tmp_path):
    """Alembic compares neither primary keys nor the names of constraints; the database's own words do."""
    open_store(tmp_path, encryption_key=KEY).close()
    engine = sa.create_engine(f"sqlite:///{tmp_path}/fresh.db")
    schema.metadata.create_all(engine)
    engine.dispose()
    migrated, fresh = (_tables(tmp_path / name) for name in ("store.db", "fresh.db"))
    migrated.pop("alembic_version")
    assert migrated == fresh


def test_the_named_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_a_store_of_an_older_signal_is_brought_up_with_what_it_holds(tmp_path):
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    engine = sa.create_engine(f"sqlite:///{tmp_path}/store.db")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.insert(schema.counters).values(installation_id="pi_1", name="DELIVERED", count=7))
        token = {"id": "tok_1", "name": "ci", "role": "admin", "text_hash": "ab", "created_ms": 5}
        connection.execute(sa.insert(schema.tokens).values(token))
    engine.dispose()
    with open_store(tmp_path, encryption_key=KEY) as store:
        assert store.ledger.counts("pi_1") == {"DELIVERED": 7}
        assert store.ledger.notices("pi_1") == []
        assert [(one.id, one.name, one.hint) for one in store.control.tokens()] == [("tok_1", "ci", None)]
    open_store(tmp_path / "fresh", encryption_key=KEY).close()
    assert _tables(tmp_path / "store.db") == _tables(tmp_path / "fresh" / "store.db")


def test_marks_and_standings_of_one_worker_are_those_of_the_first_share(tmp_path):
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    engine = sa.create_engine(f"sqlite:///{tmp_path}/store.db")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        connection.execute(sa.text("INSERT INTO marks VALUES ('pi_1', '', 0, 7), ('pi_1', 'run_1', 0, 3)"))
        connection.execute(
            sa.text("INSERT INTO states VALUES ('pi_1', :state)"),
            {"state": '{"installation_id": "pi_1", "name": "suspended", "reason": "401"}'},
        )
    engine.dispose()
    with open_store(tmp_path, encryption_key=KEY) as store:
        assert store.ledger.progress("pi_1", 0, share=Share()) == Progress(7)
        assert store.ledger.progress("pi_1", 0, run_id="run_1") == Progress(3)
        assert store.ledger.states() == {"pi_1": State("pi_1", "suspended", "401")}


def test_opening_twice_changes_nothing(tmp_path):
    open_store(tmp_path, encryption_key=KEY).close()
    before = dump(tmp_path / "store.db")
    open_store(tmp_path, encryption_key=KEY).close()
    with pytest.raises(OperatorError):
        open_store(tmp_path, encryption_key=OTHER_KEY)
    assert dump(tmp_path / "store.db") == before


def test_a_store_of_a_newer_signal_is_refused_and_left_alone(tmp_path):
    open_store(tmp_path, encryption_key=KEY).close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = dump(tmp_path / "store.db")
    with pytest.raises(OperatorError, match="newer"):
        open_store(tmp_path, encryption_key=KEY)
    assert dump(tmp_path / "store.db") == before


def test_a_migration_that_fails_leaves_nothing_and_the_next_start_does_it_all(tmp_path):
    def fail(_connection, _cursor, statement, *_):
        if "ix_replays_state" in statement:
            raise OSError("the power went")

    sa.event.listen(sa.Engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(OSError, match="power"):
            open_store(tmp_path, encryption_key=KEY)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", fail)
    assert _tables(tmp_path / "store.db") == {}
    with open_store(tmp_path, encryption_key=KEY) as store:
        assert store.control.version() == 0


def _tables(file):
    """Each table and index as the lines of its definition, whose order means nothing."""
    connection = sqlite3.connect(file)
    told = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: {line.strip().rstrip(", ") for line in sql.splitlines()} for name, sql in told}
