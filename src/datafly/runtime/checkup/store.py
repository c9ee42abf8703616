"""The store: reached, of this version, opened by the key, and by a clock that agrees."""

from collections.abc import Iterator
from typing import Final

from datafly.model.clocks import MOST_APART_SECONDS
from datafly.runtime.checkup.finding import Finding, Ground, Level, seconds_apart
from datafly.store.dialect import FILE
from datafly.store.look import Looked, look_at

_SLOW_MS: Final = 50.0


def check(ground: Ground) -> Iterator[Finding]:
    settings, key = ground.settings, ground.key()
    url = settings.store_url
    if url is None and not (settings.data_dir / FILE).is_file():
        yield Finding("store", Level.OK, "There is no store yet; the first start makes it.")
        return
    if key is None:
        said = "There is a store, and the encryption key that it was written with is missing."
        yield Finding("store", Level.FAIL, said, "Put encryption.key back, or set DATAFLY_ENCRYPTION_KEY.")
        return
    looked = look_at(settings.data_dir if url is None else url.reveal(), key)
    yield _tables(looked, is_server=url is not None)
    if looked.key_fits is False:
        said = "The store was written with another encryption key: the vendors' keys in it cannot be read."
        yield Finding("store", Level.FAIL, said, "Give that key again (DATAFLY_ENCRYPTION_KEY, or encryption.key).")
    if looked.ahead_seconds is not None:
        yield _clock(looked.ahead_seconds)


def _tables(looked: Looked, *, is_server: bool) -> Finding:
    reached = f"{looked.engine} answers in {looked.answered_ms:.1f} ms"
    if not looked.revision:
        cure = "`datafly migrate` makes them." if is_server else ""
        return Finding("store", Level.WARN if is_server else Level.OK, f"{reached}; it has no tables yet.", cure)
    if looked.revision > looked.head and not looked.fits:
        said = f"{reached}; its tables ({looked.revision}) are of a newer version than this one ({looked.head})."
        cure = f"Install that version again, or let it take the tables back: datafly migrate --to {looked.head}."
        return Finding("store", Level.FAIL, said, cure)
    if looked.revision < looked.head:
        said = f"{reached}; its tables ({looked.revision}) are of an earlier version than this one ({looked.head})."
        cure = "Run `datafly migrate`." if is_server else "The next `datafly up` brings them along."
        return Finding("store", Level.WARN, said, cure)
    if looked.answered_ms > _SLOW_MS:
        said = f"{reached}, which is slow: outcomes are written many times a second."
        return Finding("store", Level.WARN, said, "Put the database nearer, or look at what it is busy with.")
    return Finding("store", Level.OK, f"{reached}; its tables ({looked.revision}) serve this version.")


def _clock(ahead: float) -> Finding:
    said = f"The database's clock is {seconds_apart(ahead)}."
    if abs(ahead) > MOST_APART_SECONDS:
        return Finding("clock", Level.FAIL, said, "Let both be set by NTP (chrony, systemd-timesyncd).")
    return Finding("clock", Level.OK, said)
