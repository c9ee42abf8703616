"""The log: the files of this machine, or the brokers and their topics."""

from collections.abc import Iterator, Mapping
from typing import Final

from datafly.log.base import EVENTS, RAW, STATE
from datafly.model.errors import OperatorError
from datafly.runtime.checkup.finding import Finding, Ground, Level
from datafly.runtime.compose import embedded_log

_SECONDS: Final = 10.0
_SHORT_SECONDS: Final = 5.0
_AWAY: Final = "Bring the brokers back that are away; their own logs say why they went."


def check(ground: Ground) -> Iterator[Finding]:
    yield from _brokers(ground) if ground.settings.log_url else _files(ground)


def _files(ground: Ground) -> Iterator[Finding]:
    if not (ground.settings.data_dir / "log").is_dir():
        yield Finding("log", Level.OK, "There is no log yet; the first start makes it.")
        return
    heads = {}
    for stream in (RAW, EVENTS):
        reader = embedded_log(ground.settings).reader(stream, 0)
        try:
            bounds = reader.bounds()
            heads[stream] = f"{stream} holds {bounds.earliest:,} to {bounds.head:,}"
            reader.read(max(bounds.head - 1, 0), max_records=1)
        finally:
            reader.close()
    yield Finding("log", Level.OK, f"The log can be read: {', '.join(heads.values())}.")


def _brokers(ground: Ground) -> Iterator[Finding]:
    try:
        from datafly.log.kafka.copies import shortages  # noqa: PLC0415 - an extra
        from datafly.log.kafka.topics import look, silent  # noqa: PLC0415 - as above
        from datafly.runtime.brokers import place_of  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise OperatorError("log_url is set: install the client too (pip install 'datafly-signal[kafka]').") from error
    place = place_of(ground.settings)
    topics = look(place, (RAW, EVENTS))
    for stream in (RAW, EVENTS):
        found, name = topics.get(stream), place.topic(stream)
        yield _topic(name, found, wanted=place.replication)
        if found and (unheard := silent(place, stream, found, seconds=_SHORT_SECONDS)):
            said = f"Of {len(unheard)} of {len(found)} partitions of {name} no broker tells where they end."
            yield Finding("log", Level.FAIL, said, _AWAY)
    for one in shortages(place, [place.topic(stream) for stream in (RAW, EVENTS, STATE)], seconds=_SECONDS):
        level = Level.FAIL if one.blocks else Level.WARN
        said = f"{one.sentence}{': nothing can be written there' if one.blocks else ''}."
        yield Finding("log", level, said, _AWAY)


def _topic(name: str, partitions: Mapping[int, int] | None, *, wanted: int) -> Finding:
    """`partitions`: how many copies of each."""
    if partitions is None:
        said = f"The brokers answer; the topic {name} is not there yet, or not led."
        return Finding("log", Level.WARN, said, "The first start makes it, where the user may make topics.")
    copies = min(partitions.values())
    if copies < wanted:
        said = f"{name} has {copies} copies of a partition; {wanted} are set."
        return Finding("log", Level.WARN, said, "Let the brokers keep more, or set DATAFLY_KAFKA_REPLICATION to that.")
    return Finding("log", Level.OK, f"{name} has {len(partitions)} partitions, {copies} copies of each.")
