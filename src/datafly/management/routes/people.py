"""`/v1/admin/people`"""

from typing import Annotated

from litestar import Router, get
from litestar.params import QueryParameter

from datafly.management.people import PersonView, find_person
from datafly.management.services import Services

Words = Annotated[str, QueryParameter(min_length=1, max_length=1_000, description="A user id, e-mail, anonymous id.")]

Before = Annotated[str, QueryParameter(max_length=40_000, description="`older` of a search, to go on with it.")]


@get("/", summary="What came of a person, and what became of it", sync_to_thread=True)
def get_person(*, services: Services, q: Words, before: Before = "") -> PersonView:
    """Among the newest events, then with `before` among older ones; `complete` false where still older may be there."""
    return find_person(services, q, before)


router = Router("/v1/admin/people", route_handlers=[get_person], tags=["Live events"])
