"""What a page waits for before anything of it is seen. How long that takes is told by `bench/first_paint.py`."""

import contextlib
import re

import sqlalchemy as sa

from datafly.management.events_log import EventsLog
from datafly.management.metrics import RANGES


@contextlib.contextmanager
def counted_statements():
    asked = []

    def hear(_connection, _cursor, statement, *_):
        asked.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)


def test_a_page_waits_for_one_style_sheet_that_is_kept_for_good_and_for_no_script(browser):
    for path in ("/", "/live-events", "/docs", "/docs/pipelines", "/integrations/library"):
        page = browser.get(path).text
        (sheet,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)
        scripts = re.findall(r"<script\b[^>]*>", page)
        assert scripts
        assert [one for one in scripts if " defer" not in one and 'type="module"' not in one] == []
        assert "<style" not in page
    style = browser.get(sheet)
    assert "immutable" in style.headers["Cache-Control"]
    assert not re.search(r"@import|@font-face|url\(", style.text)
    # Each name in a list of fonts, and each weight, is a question to the system while the page is laid out.
    assert {*re.findall(r"font-weight: *(\w+)", style.text)} == {"400", "600"}
    assert [len(names.split(",")) for names in re.findall(r"--(?:sans|mono):([^;]+);", style.text)] == [2, 2]


def test_the_home_page_asks_the_store_as_often_for_a_month_as_for_an_hour(house, browser):
    house.installed()
    house.happens("m1")
    browser.get("/")
    counts = set()
    for over in RANGES:
        with counted_statements() as asked:
            browser.get(f"/?over={over}")
        counts.add(len(asked))
    assert len(counts) == 1


def test_only_events_of_a_person_are_asked_whether_they_were_erased(house, browser, monkeypatch):
    for number in range(40):
        house.happens(f"m{number}", user_id="jane" if number % 20 == 0 else f"user-{number}")
    asked = []
    known = EventsLog.hides
    monkeypatch.setattr(EventsLog, "hides", lambda log, place: asked.append(place) or known(log, place))
    assert "jane" in browser.page("/people?q=jane")
    assert {place.offset for place in asked} == {0, 20}
