import io

import msgspec
import pytest
from rich.console import Console

from datafly.cli.status import Partition, Standing, Status, drawn, time_left

ONE = Standing(
    id="pi_1",
    name="Shop",
    vendor="acme",
    pipeline="Default",
    state="running",
    since=None,
    cause=None,
    cure=None,
    waiting=12_000,
    events_per_second=40.0,
    seconds_left=300.0,
    partitions=[Partition(0, 12_000)],
    counts={},
)


def shown(*integrations):
    out = io.StringIO()
    console = Console(file=out, width=120)
    status = Status(msgspec.convert("2026-11-26T00:00:00Z", Status.__annotations__["at"]), 0, 0, list(integrations))
    console.print(drawn(status))
    return out.getvalue()


@pytest.mark.parametrize(
    ("waiting", "seconds_left", "words"),
    [
        (0, None, "–"),
        (5, None, "does not move"),
        (5, 3.2, "3 s"),
        (5, 600, "10 min"),
        (5, 7_300, "2 h"),
        (5, 9e5, "10 d"),
    ],
)
def test_how_long_it_takes_is_told_in_the_unit_that_fits(waiting, seconds_left, words):
    assert time_left(msgspec.structs.replace(ONE, waiting=waiting, seconds_left=seconds_left)) == words


def test_every_integration_is_a_row_and_what_somebody_must_do_stands_below():
    bad = msgspec.structs.replace(ONE, name="Mail", state="suspended", cause="The key is refused.", cure="Make another")
    text = shown(ONE, bad)
    assert [word in text for word in ("Shop (acme)", "12,000", "40.0", "5 min", "suspended")] == [True] * 5
    assert text.rstrip().endswith("Mail: The key is refused. Make another.")


def test_a_name_that_would_steer_the_terminal_does_not():
    assert "\x1b" not in shown(msgspec.structs.replace(ONE, name="a\x1b[2Jb", cause="c\x1bd"))


def test_where_nothing_is_installed_that_is_said():
    assert "No integration is installed." in shown()
