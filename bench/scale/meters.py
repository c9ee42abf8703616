"""What was used so far: processor time, statements and bytes of PostgreSQL, bytes of topics."""

import os
from pathlib import Path

import sqlalchemy as sa

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """Of a process, of the children that it has and had."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        ticks[int(stat.parent.name)] = sum(int(one) for one in fields[11:15])
    found, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        found += ticks.get(one, 0)
        waiting += parents.get(one, [])
    return found / TICKS


def machine_seconds():
    """Processor seconds of the whole machine, also those that its host took."""
    user, nice, system, _idle, _waiting, *more = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(more)) / TICKS


def titled(pid):
    """Role → process, of the children of `datafly up`."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            title = (folder / "cmdline").read_text().rstrip("\0").replace("\0", " ")
        except OSError:
            continue
        if parent == pid:
            found[title.rpartition(": ")[2] if ": " in title else title.rpartition(" ")[2]] = int(folder.name)
    return found


def children_of(pid, word):
    """Processes begun by this one whose command has the word in it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if parent == pid and word in command:
            found.append(int(folder.name))
    return found


def database(engine):
    """Statements, transactions and bytes of the write-ahead log of the server."""
    with engine.connect() as connection:
        ask = connection.exec_driver_sql
        wal = ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").scalar()
        commits = ask("SELECT sum(xact_commit) FROM pg_stat_database").scalar()
        statements = ask("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements").scalar()
    return {"statements": int(statements), "transactions": int(commits), "wal_bytes": int(wal)}


def server_of(url):
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)


def topic_bytes(folder, topic):
    """Of all partitions, as they lie on the first broker's disk; what is preallocated of indexes is not counted."""
    return sum(file.stat().st_size for file in Path(folder).glob(f"0/data/{topic}-*/*.log"))
