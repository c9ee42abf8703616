"""What a backup holds, and when it or its restoring refuses."""

import contextlib
import threading

import pytest

from datafly.log.base import EVENTS, RAW, Entry
from datafly.log.sqlite.segment import Folder
from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.runtime.backup import back_up
from datafly.runtime.compose import open_log
from datafly.runtime.prepare import open_the_store
from datafly.runtime.restore import restore
from datafly.settings import Settings

SEGMENT_BYTES = 65_536


def ignore(_done, _total):
    pass


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", segment_bytes=SEGMENT_BYTES)


@pytest.fixture
def elsewhere(tmp_path):
    return Settings(data_dir=tmp_path / "elsewhere", segment_bytes=SEGMENT_BYTES)


@pytest.fixture
def backup(settings, tmp_path):
    with open_the_store(settings) as store:
        store.control.ensure_default_pipeline()
    back_up(settings, tmp_path / "backup", with_key=True, copied=ignore)
    return tmp_path / "backup"


def test_whatever_is_written_meanwhile_what_events_say_of_raw_is_in_the_copy_of_raw(settings, elsewhere, tmp_path):
    """One writes both streams as gateway and process do; segments are closed and begun all the while."""
    open_the_store(settings).close()
    log = open_log(settings)
    raw, events = log.appender(RAW, 0), log.appender(EVENTS, 0)
    enough, written = threading.Event(), threading.Event()

    def work():
        while not enough.is_set():
            first = raw.append([Entry("k", b"x" * 5_000)] * 3)
            events.append([Entry("k", b"y" * 5_000)] * 3, consumed=first + 3)
            if first > 60:
                written.set()

    writer = threading.Thread(target=work)
    writer.start()
    written.wait()
    for number in range(5):
        acknowledged = log.reader(RAW, 0).bounds().head
        made = back_up(settings, tmp_path / f"backup-{number}", with_key=False, copied=ignore)
        copied = open_log(Settings(data_dir=tmp_path / f"backup-{number}", segment_bytes=SEGMENT_BYTES))
        appender = copied.appender(EVENTS, 0)
        assert max(acknowledged, appender.consumed()) <= made.heads[RAW]
        assert {stream: offsets(copied, stream) for stream in (RAW, EVENTS)} == {
            stream: list(range(head)) for stream, head in made.heads.items()
        }
        appender.close()
    enough.set()
    writer.join()


def test_a_segment_that_is_closed_just_when_it_is_held_is_copied_once_and_whole(settings, tmp_path, monkeypatch):
    open_the_store(settings).close()
    log = open_log(settings)
    with contextlib.closing(log.appender(EVENTS, 0)) as events:
        for _ in range(10):
            events.append([Entry("k", b"y" * 5_000)] * 3)
    known, asked = Folder.firsts, []

    def older_at_first(folder):
        asked.append(folder)
        return known(folder)[: -1 if len(asked) == 1 else None]

    monkeypatch.setattr(Folder, "firsts", older_at_first)
    made = back_up(settings, tmp_path / "backup", with_key=False, copied=ignore)
    copied = open_log(Settings(data_dir=tmp_path / "backup", segment_bytes=SEGMENT_BYTES))
    assert offsets(copied, EVENTS) == list(range(made.heads[EVENTS])) == list(range(30))


def offsets(log, stream):
    """Of all that can be read."""
    reader, found = log.reader(stream, 0), []
    while records := reader.read(found[-1] + 1 if found else 0, max_records=1_000):
        found += [record.offset for record in records]
    reader.close()
    return found


def test_a_backup_has_the_key_only_where_it_is_asked_for(settings, tmp_path):
    open_the_store(settings).close()
    back_up(settings, tmp_path / "without", with_key=False, copied=ignore)
    back_up(settings, tmp_path / "with", with_key=True, copied=ignore)
    key = (settings.data_dir / "encryption.key").read_bytes()
    assert (tmp_path / "with" / "encryption.key").read_bytes() == key
    assert not [
        path for path in (tmp_path / "without").rglob("*") if path.is_file() and key.strip() in path.read_bytes()
    ]
    made = [*(tmp_path / "with").rglob("*")]
    assert {path.stat().st_mode & 0o077 for path in made if path.is_file()} == {0}


def test_what_a_backup_is_not_made_of_or_to(settings, tmp_path, backup):
    with pytest.raises(OperatorError, match="something at"):
        back_up(settings, backup, with_key=False, copied=ignore)
    with pytest.raises(OperatorError, match="nothing to back up"):
        back_up(Settings(data_dir=tmp_path / "new"), tmp_path / "b", with_key=False, copied=ignore)
    for elsewhere, words in (
        ({"store_url": Secret("postgresql://x")}, "PostgreSQL"),
        ({"log_url": "kafka://x:1"}, "Kafka"),
    ):
        there = Settings(data_dir=settings.data_dir, **elsewhere)
        with pytest.raises(OperatorError, match=words):
            back_up(there, tmp_path / "b", with_key=False, copied=ignore)
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="Not a directory"):
        back_up(settings, tmp_path / "file" / "b", with_key=False, copied=ignore)


def test_a_backup_that_was_interrupted_is_no_backup_and_the_next_one_is_whole(settings, elsewhere, tmp_path):
    def interrupt(done, _total):
        if done:
            raise KeyboardInterrupt

    open_the_store(settings).close()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            back_up(settings, tmp_path / "b", with_key=True, copied=interrupt)
        assert not (tmp_path / "b").exists()
        with pytest.raises(OperatorError, match="no backup"):
            restore(elsewhere, tmp_path / "b.unfinished", copied=ignore)
    back_up(settings, tmp_path / "b", with_key=True, copied=ignore)
    restore(elsewhere, tmp_path / "b", copied=ignore)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "b", "elsewhere"}
    open_the_store(elsewhere).close()


def test_a_folder_in_which_something_is_stays_as_it_is(settings, backup, elsewhere):
    with open_the_store(elsewhere) as store:
        pipelines = store.control.pipelines()
    for place in (elsewhere, settings):
        with pytest.raises(OperatorError, match="holds something already"):
            restore(place, backup, copied=ignore)
    with open_the_store(elsewhere) as store:
        assert store.control.pipelines() == pipelines


def test_nothing_starts_on_a_folder_that_was_not_restored_whole_until_it_is(settings, backup, elsewhere):
    def interrupt(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(elsewhere, backup, copied=interrupt)
    with pytest.raises(OperatorError, match="was not restored whole"):
        open_the_store(elsewhere)
    restore(elsewhere, backup, copied=ignore)
    with open_the_store(elsewhere) as store, open_the_store(settings) as before:
        assert store.control.pipelines() == before.control.pipelines() != []


def test_a_damaged_backup_is_told_and_nothing_starts_on_what_it_left(backup, elsewhere):
    store, manifest = backup / "store.db", backup / "backup.json"
    store.write_bytes(b"nothing")
    with pytest.raises(OperatorError, match="is not what was written"):
        restore(elsewhere, backup, copied=ignore)
    store.unlink()
    with pytest.raises(OperatorError, match="is missing"):
        restore(elsewhere, backup, copied=ignore)
    manifest.write_text(manifest.read_text().replace('"store.db"', '"../store.db"'))
    with pytest.raises(OperatorError, match="names a file outside of itself"):
        restore(elsewhere, backup, copied=ignore)
    manifest.write_text("{}")
    with pytest.raises(OperatorError, match="no backup"):
        restore(elsewhere, backup, copied=ignore)
    with pytest.raises(OperatorError, match="was not restored whole"):
        open_the_store(elsewhere)


def test_the_key_of_another_store_is_not_kept_beside_the_backup(settings, backup, elsewhere):
    elsewhere.data_dir.mkdir()
    (elsewhere.data_dir / "encryption.key").write_text("another\n")
    with pytest.raises(OperatorError, match="not that of the backup"):
        restore(elsewhere, backup, copied=ignore)
