"""`/people`: why is this person not there?"""

from litestar import Response, get
from litestar.params import FromQuery

from datafly.management.events_log import Place
from datafly.management.people import PersonView, person_at
from datafly.management.services import Composed, Services
from datafly.management.web.feed import Row, row_id
from datafly.management.web.frame import draw, fragment
from datafly.management.web.visit import PIECE, Visit


@get("/people", sync_to_thread=True)
def people(*, services: Services, request: Visit, q: FromQuery[str] = "", before: FromQuery[str] = "") -> Response[str]:
    words = q.strip()
    person, places = person_at(services, words, before) if words else (None, [])
    looked = person.looked_through if person else 0
    rows = _rows(person, places) if person else []
    return draw(
        request,
        "people.html",
        place="/people",
        q=words,
        before=before,
        person=person,
        asked=_to_erase(person) if person else None,
        problem=None,
        rows=rows,
        looked=looked,
        whole=_kept(services) if person and person.older else looked,
    )


@get("/people/further", opt=PIECE, sync_to_thread=True)
def further(
    *,
    services: Services,
    q: FromQuery[str],
    before: FromQuery[str],
    looked: FromQuery[int] = 0,
    nobody: FromQuery[str] = "",
) -> Response[str]:
    """The next stretch of older events: what was found there, and a piece that asks for the one before it. `nobody`:
    nothing was found so far, and the page says so.
    """
    person, places = person_at(services, q.strip(), before)
    reached = looked + person.looked_through
    rows = _rows(person, places)
    return fragment(
        "people_further.html",
        q=q.strip(),
        before=before,
        nobody=nobody,
        person=person,
        rows=rows,
        looked=reached,
        whole=max(_kept(services), reached),
    )


def _to_erase(person: PersonView) -> dict[str, str]:
    """What the form says at first; an anonymous id where there is no better."""
    known = {"user_id": person.user_ids, "email": person.emails}
    known["anonymous_id"] = [] if person.user_ids else person.anonymous_ids
    return {name: next(iter(ids), "") for name, ids in known.items()}


def _rows(person: PersonView, places: list[Place]) -> list[Row]:
    return [Row(row_id(at.partition, at.offset), live) for at, live in zip(places, person.events, strict=True)]


def _kept(services: Composed) -> int:
    """So many events are in the log."""
    return sum(head - services.log.first_since(partition, 0) for partition, head in services.log.heads().items())


ROUTES = (people, further)
