"""`/people`: why is this person not there?"""

from litestar import Response, get
from litestar.params import FromQuery

from datafly.management.people import find_person
from datafly.management.services import Services
from datafly.management.web.frame import draw
from datafly.management.web.visit import Visit


@get("/people", sync_to_thread=True)
def people(*, services: Services, request: Visit, q: FromQuery[str] = "", before: FromQuery[str] = "") -> Response[str]:
    words = q.strip()
    person = find_person(services, words, before) if words else None
    rows = [{"place": f"m{index}", "live": live} for index, live in enumerate(person.events)] if person else []
    return draw(request, "people.html", place="/people", q=words, before=before, person=person, rows=rows)


ROUTES = (people,)
