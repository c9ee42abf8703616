"""`/settings/consent`: what is decided on consent for all pipelines."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from datafly.management.bodies import decode
from datafly.management.routes.caller import tell
from datafly.management.routes.consent import RESOURCE
from datafly.management.services import Composed, Services
from datafly.management.views.consent import ConsentChange, consent_changes, consent_view
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.slips import Slip, Spot, slip_of
from datafly.management.web.visit import Visit
from datafly.model.consent import CATEGORIES
from datafly.model.errors import Conflict, Invalid

PLACE: Final = "/settings/consent"
_SAID: Final = {"granted": True, "denied": False}
_WORDS: Final = {None: "", True: "granted", False: "denied"}
_SPOTS: Final = {"words": Spot("words", "Words of your consent banner")}
"""Field of the API → where it is in the form."""


@get(PLACE, sync_to_thread=True)
def consent(*, services: Services, request: Visit) -> Response[str]:
    return _form(services, request, {})


@post(PLACE, sync_to_thread=True)
def change(*, services: Services, request: Visit, form: Form) -> Response[str] | Redirect:
    try:
        changes = consent_changes(decode(msgspec.json.encode(_said(form)), ConsentChange))
        with services.control.together():
            before = services.control.consent_settings()
            tag = str(form.get("etag", "")) or None
            changed = services.control.change_consent_settings(changes, if_match=tag)
            old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(changed)
            tell(request, "changed", RESOURCE, "", old=old, new=new)
    except (Invalid, Conflict) as error:
        return _form(services, request, form, problem=slip_of(error, _SPOTS), status=error.status)
    return see(PLACE, "Saved. It counts for what is processed from now on.")


def _form(
    services: Composed, request: Visit, typed: Mapping[str, Any], *, problem: Slip | None = None, status: int = 200
) -> Response[str]:
    settings = services.control.consent_settings()
    view = consent_view(settings)
    words = "\n".join(f"{word}={category}" for word, category in view.words.items())
    return draw(
        request,
        "consent.html",
        place=PLACE,
        status=status,
        etag=services.control.etag(settings),
        defaults={one: typed.get(f"default.{one}", _WORDS[view.defaults.get(one)]) for one in CATEGORIES},
        words=str(typed.get("words", words)),
        without=str(typed.get("without_consent", view.without_consent)),
        known=sorted(view.known_words.items(), key=lambda pair: (pair[1], pair[0])),
        problem=problem,
    )


def _said(form: Mapping[str, Any]) -> dict[str, Any]:
    """Raises `Invalid` for a line that is no pair."""
    lines = [line.strip() for line in str(form.get("words", "")).splitlines() if line.strip()]
    return {
        "defaults": {one: _SAID[said] for one in CATEGORIES if (said := str(form.get(f"default.{one}", ""))) in _SAID},
        "words": dict(_pair(line) for line in lines),
        "without_consent": str(form.get("without_consent", "")),
    }


def _pair(line: str) -> tuple[str, str]:
    word, sign, category = line.rpartition("=")
    if not sign or not word.strip():
        raise Invalid(f"words: write WORD=category, one per line, not “{line[:100]}”.", field="words")
    return word.strip(), category.strip()


ROUTES = (consent, change)
