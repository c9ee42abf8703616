"""The tables of the room."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY, partner TEXT NOT NULL UNIQUE, rules TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, digest BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL, scopes TEXT NOT NULL, allowed_ips TEXT NOT NULL, ending TEXT NOT NULL,
    created_at TEXT NOT NULL, last_used_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (digest BLOB PRIMARY KEY, account_id INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS profiles (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, insider_id TEXT NOT NULL UNIQUE,
    attributes TEXT NOT NULL, custom TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS profiles_by_update ON profiles (account_id, updated_at);
CREATE TABLE IF NOT EXISTS identifiers (
    account_id INTEGER NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL, profile_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, type, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS identifiers_by_profile ON identifiers (profile_id);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, profile_id INTEGER NOT NULL, digest BLOB NOT NULL, name TEXT NOT NULL,
    moment TEXT NOT NULL, parameters TEXT NOT NULL, custom TEXT NOT NULL, times_received INTEGER NOT NULL,
    received_at TEXT NOT NULL, request_id INTEGER NOT NULL,
    UNIQUE (profile_id, digest)
) STRICT;
CREATE TABLE IF NOT EXISTS names (
    account_id INTEGER NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, type TEXT,
    PRIMARY KEY (account_id, place, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ignored (
    id INTEGER PRIMARY KEY, request_id INTEGER NOT NULL, profile_id INTEGER NOT NULL,
    path TEXT NOT NULL, value TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS ignored_by_request ON ignored (request_id);
CREATE INDEX IF NOT EXISTS ignored_by_profile ON ignored (profile_id);
CREATE TABLE IF NOT EXISTS history (
    id INTEGER PRIMARY KEY, profile_id INTEGER NOT NULL, request_id INTEGER NOT NULL, at TEXT NOT NULL,
    kind TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS history_by_profile ON history (profile_id);
CREATE TABLE IF NOT EXISTS pending (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, request_id INTEGER NOT NULL,
    place INTEGER NOT NULL, received_at TEXT NOT NULL, due_at TEXT NOT NULL,
    appends INTEGER NOT NULL, user TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS pending_by_due ON pending (due_at);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER, received_at TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, body_bytes INTEGER NOT NULL,
    status INTEGER, reply_headers TEXT NOT NULL, reply BLOB NOT NULL, elapsed_ms INTEGER NOT NULL,
    note TEXT NOT NULL, accepted INTEGER NOT NULL, refused INTEGER NOT NULL, ignored INTEGER NOT NULL,
    verdicts BLOB NOT NULL
) STRICT;
"""
FORGETTABLE = ("profiles", "identifiers", "events", "names", "ignored", "history", "pending", "requests")
ACCOUNTS = ("accounts", "keys", "sessions")
