"""`/dead-letters`: what was rejected or given up, by cause, and what can be done about it."""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream

from datafly.management import dead_letters, replaying
from datafly.management.causes import Cause, causes
from datafly.management.dead_letters import Wanted
from datafly.management.routes.dead_letters import discarded, started
from datafly.management.services import Composed, Services
from datafly.management.views.times import moment
from datafly.management.web.forms import Form
from datafly.management.web.frame import draw, see
from datafly.management.web.visit import Visit
from datafly.management.web.words import many
from datafly.model.errors import Conflict, Invalid, NotFound
from datafly.model.verdict import DEAD_LETTERS, Verdict

PLACE: Final = "/dead-letters"
_BEFORE: Final = timedelta(days=1)
"""So long before the first was decided somebody looks for when it came; it may have waited."""


@get("/dead-letters", sync_to_thread=True)
def groups(
    *,
    services: Services,
    request: Visit,
    integration: FromQuery[str] = "",
    verdict: FromQuery[str] = "",
    reason: FromQuery[str] = "",
) -> Response[str]:
    found = causes(services, installation_id=integration or None)
    shown = [one for one in found.data if one.verdict in _verdicts(verdict) and reason in {"", one.sentence}]
    installations = services.control.installations()
    of = next((one for one in installations if one.id == integration or len(installations) == 1), None)
    return draw(
        request,
        "dead_letters.html",
        place=PLACE,
        found=msgspec.structs.replace(found, data=shown),
        integration=integration,
        verdict=verdict,
        reason=reason,
        reasons=sorted({one.sentence for one in found.data} | ({reason} - {""})),
        asked=urlencode({"integration": integration, "verdict": verdict, "reason": reason}),
        stretch=_stretch(services, shown, reason),
        installations=installations,
        installed={one.id for one in installations},
        of=of,
        open=any(one.open for one in shown if of and one.pipeline_integration_id == of.id),
    )


@get("/dead-letters/groups/{group:str}", sync_to_thread=True)
def one_group(
    *, services: Services, request: Visit, group: FromPath[str], cursor: FromQuery[str | None] = None
) -> Response[str]:
    cause = next((one for one in causes(services).data if one.id == group), None)
    if cause is None:
        raise NotFound("There is no such group any more: its dead letters are older than what is kept.")
    wanted = Wanted(cause.pipeline_integration_id, frozenset({cause.verdict}), None, group)
    found = dead_letters.find(services, wanted, cursor, 25)
    is_installed = any(one.id == cause.pipeline_integration_id for one in services.control.installations())
    return draw(request, "dead_letter_group.html", place=PLACE, cause=cause, page=found, is_installed=is_installed)


@get("/dead-letters/export", sync_to_thread=True)
def export(
    *,
    services: Services,
    integration: FromQuery[str] = "",
    verdict: FromQuery[str] = "",
    reason: FromQuery[str] = "",
    group: FromQuery[str] = "",
) -> Stream:
    wanted = Wanted(integration or None, _verdicts(verdict), group=group or None, sentence=reason or None)
    headers = {"Content-Disposition": 'attachment; filename="dead-letters.ndjson"', "Cache-Control": "no-store"}
    return Stream(dead_letters.lines(services, wanted), media_type="application/x-ndjson", headers=headers)


@post("/dead-letters/replay", sync_to_thread=True)
def replay(*, services: Services, request: Visit, form: Form) -> Redirect:
    """One (`id`), a group, or all of an integration, of one `verdict` and one `reason` where these are said."""
    back = str(form.get("back", PLACE)) if str(form.get("back", "")).startswith(PLACE) else PLACE
    try:
        chosen = _chosen(services, form)
        run = started(services, request, chosen)
    except Conflict as error:
        if error.code != "NOTHING_TO_REPLAY":
            raise
        return see(back, "There is nothing left to send again: these were sent again before, or are not kept.", "warn")
    more = " More fit than one run takes: send again once it is done." if chosen.more else ""
    return see(f"/replays/{run.id}", f"{many(len(run.members))} sent again.{more}")


@post("/dead-letters/discard", sync_to_thread=True)
def discard(*, services: Services, request: Visit, form: Form) -> Redirect:
    why = str(form.get("why", "")).strip()
    if not 0 < len(why) <= 1_000:
        return see(f"{PLACE}/groups/{form.get('group', '')}", "Say why, in up to 1,000 characters.", "bad")
    chosen = _chosen(services, form)
    run = discarded(services, request, chosen, why)
    more = " More of them fit: discard again." if chosen.more else ""
    return see(PLACE, f"{many(len(run.members))} discarded.{more}")


def _chosen(services: Composed, form: Any) -> replaying.Chosen:
    if form.get("id"):
        return replaying.by_ids(services, [str(form["id"])])
    installation_id, group = str(form.get("integration", "")), str(form.get("group", "")) or None
    sentence = str(form.get("reason", "")) or None
    wanted = Wanted(installation_id, _verdicts(str(form.get("verdict", ""))), group=group, sentence=sentence)
    return replaying.by_filter(services, wanted, installation_id)


def _stretch(services: Composed, shown: list[Cause], reason: str) -> dict[str, str]:
    """The form of Replays, filled in, for those of one event or one person: the log alone knows these of an event, and
    dead letters of it stand far apart, while a stretch is read as it lies. `verdict` is "" where they are of both.
    """
    if not shown:
        return {}
    times = {"since": min(one.first_seen_at for one in shown) - _BEFORE, "until": moment(services.clock.now_ms())}
    times["until"] += timedelta(minutes=1)
    said = {name: _minute(at) for name, at in times.items()}
    exact = {f"{name}_at": f"{text}:00Z" for name, text in said.items()}
    # Of what differs from event to event no reason fits them all.
    newest = services.ledger.outcome(dead_letters.row_id_of(shown[0].sample))
    whole = newest.ruling.reason if newest else ""
    verdicts = {one.verdict.value for one in shown}
    return {
        **said,
        **exact,
        "verdict": verdicts.pop() if len(verdicts) == 1 else "",
        "reason": reason if reason == whole else "",
    }


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")


def _verdicts(text: str) -> frozenset[Verdict]:
    """Raises `Invalid`."""
    if text and text not in DEAD_LETTERS:
        raise Invalid(f"No dead letter is {text[:50]}: choose Rejected or Gave up.", field="verdict")
    return frozenset({Verdict(text)}) if text else DEAD_LETTERS


ROUTES = (groups, one_group, export, replay, discard)
