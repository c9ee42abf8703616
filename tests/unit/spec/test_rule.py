import msgspec
import pytest

from datafly.model.delivery import Item, Reply
from datafly.model.event import Event
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.choices import given
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Limits
from datafly.spec.integration import Ahead, IdentityRow, Integration, Lines, Route, Rule
from datafly.spec.nodes import const, obj, path
from datafly.spec.pacing import Pacing
from datafly.spec.parts import by_setting, each_line, identified, rule_event_name
from datafly.spec.setting import Flag, Number
from datafly.spec.words import Failure, Refusal

DAY_MS = 86_400_000
ACME = Integration(
    slug="acme",
    name="Acme",
    summary="Acme.",
    category="Other",
    stage="alpha",
    website="",
    reference="See Acme.",
    consent=None,
    consent_note="",
    identity_intro="",
    base="https://acme.example",
    settings=(
        Flag("by_mail", "M.", default=True),
        Number("at_once", "A.", default=50, minimum=1, maximum=100, whole=True),
    ),
    routes=(
        Route("/many", items_key="items", also={"mode": "live"}, historical={"mode": "past", "quiet": True}),
        Route("/merge", key="merge", requests_per_minute=60),
    ),
    limits=Limits(max_items=100),
    limit_settings={"max_items": "at_once"},
    too_old=Refusal(Verdict.SKIPPED, "too_old", "Older than it keeps.", "Nothing."),
    identity=(
        IdentityRow("id", "user_id", "N.", path("user_id")),
        IdentityRow("mail", "traits.email", "N.", path("traits.email"), identifies_if="by_mail"),
    ),
    body=obj(who=identified(), mail=identified("mail"), what=rule_event_name()),
    rules=(
        Rule("page", "c", "n", "seen", kept_days=90),
        Rule(
            "identify",
            "c",
            "n",
            body=obj(traits=path("traits.plan")),
            ahead=(Ahead("merge", given(path("links"), obj(old=path("links"), new=identified("id")))),),
        ),
    ),
    failures=(
        Failure(Verdict.DELIVERED, "merged before", "c", "c", status=400, contains=("exists",), route="merge"),
        Failure(Verdict.REJECTED, "exists", "c", "c", status=400, contains=("exists",), route=""),
    ),
)
COMPILED = compile_integration(ACME, {})


def event(kind="page", **fields):
    return Event("m-1", kind, "p", "k", fields.pop("at", 0), 0, **fields)


def bodies(compiled, one, now_ms=0):
    return [msgspec.json.decode(item.body) for item in compiled.shape(one, now_ms)]


def test_a_field_identifies_only_where_the_config_says_so_and_is_known_all_the_same():
    one = event(user_id="u", traits={"email": "e"})
    assert bodies(COMPILED, one) == [{"who": {"id": "u", "mail": "e"}, "mail": "e", "what": "seen"}]
    without = compile_integration(ACME, {"by_mail": False})
    assert bodies(without, one) == [{"who": {"id": "u"}, "mail": "e", "what": "seen"}]


@pytest.mark.parametrize(("age_days", "reason"), [(90, None), (90.1, "too_old")])
def test_an_event_that_the_vendor_would_not_keep_is_not_sent(age_days, reason):
    shaped = COMPILED.shape(event(at=0), int(age_days * DAY_MS))
    assert getattr(shaped, "reason", None) == reason


def test_what_goes_ahead_is_an_item_of_its_own_before_the_event():
    linking = event("identify", user_id="u", links="a", traits={"plan": "pro"})
    first, second = COMPILED.shape(linking, 0)
    assert (first.route, first.key, msgspec.json.decode(first.body)) == ("merge", "m-1:merge", {"old": "a", "new": "u"})
    assert (second.route, second.key, msgspec.json.decode(second.body)) == ("", "m-1", {"traits": "pro"})
    assert bodies(COMPILED, event("identify", user_id="u", traits={"plan": "pro"})) == [{"traits": "pro"}]


def test_what_goes_ahead_goes_alone_where_the_event_itself_holds_nothing():
    assert bodies(COMPILED, event("identify", user_id="u", links="a")) == [{"old": "a", "new": "u"}]
    assert COMPILED.shape(event("identify", user_id="u"), 0).reason == "nothing_to_send"


def test_historical_events_never_share_a_request_with_others():
    live = COMPILED.shape(event(user_id="u"), 0)
    past = COMPILED.shape(event(user_id="u", historical=True), 0)
    assert live[0].route != past[0].route
    assert live[0].body == past[0].body
    envelopes = [msgspec.json.decode(COMPILED.assemble(items).body) for items in (live, past)]
    items = [msgspec.json.decode(live[0].body)]
    assert envelopes == [{"mode": "live", "items": items}, {"mode": "past", "quiet": True, "items": items}]


def test_an_installation_may_ask_for_smaller_requests_and_a_route_has_its_own_rate():
    assert (COMPILED.limits.max_items, COMPILED.rates) == (50, {"merge": Pacing(60, pool="POST /merge")})
    assert compile_integration(ACME, {"at_once": 7}).limits.max_items == 7


@pytest.mark.parametrize(("route", "verdict"), [("merge", Verdict.DELIVERED), ("", Verdict.REJECTED)])
def test_the_same_answer_may_mean_another_thing_on_another_route(route, verdict):
    judged = COMPILED.judge(Reply(400, body=b'{"error":"it exists"}'), [Item(b"{}", route)]).whole
    assert (judged.verdict, judged.reason) == (verdict, "it exists")


def with_lines(lines, **config):
    rule = Rule("Order Refunded", "c", "n", "refunded", lines=lines)
    body = obj(lines=each_line(obj(what=rule_event_name(), id=path("line.id"), price=path("line.price"))))
    settings = (*ACME.settings, Flag("whole_orders", "W.", default=False))
    changed = msgspec.structs.replace(ACME, rules=(rule,), body=body, identity=(), settings=settings)
    made = compile_integration(changed, config)
    one = event("track", event="Order Refunded", properties={"order_id": "O", "total": 9})
    shaped = made.shape(one, 0)
    return shaped.reason if isinstance(shaped, Ruling) else bodies(made, one)


def test_an_event_without_lines_may_be_sent_as_one_whose_line_is_empty():
    assert with_lines(Lines(path("properties.products"))) == [{"lines": [{"what": "refunded"}]}]


def test_an_order_without_lines_may_stand_for_its_only_line_if_the_config_says_so():
    none = Refusal(Verdict.REJECTED, "no_lines", "C.", "C.")
    stand_in = {"id": ("order_id",), "price": ("revenue", "total")}
    lines = Lines(path("properties.products"), none, stand_in=stand_in, stand_in_if="whole_orders")
    assert with_lines(lines, whole_orders=True) == [{"lines": [{"what": "refunded", "id": "O", "price": 9}]}]
    assert with_lines(lines) == "no_lines"


def test_a_rule_whose_name_is_chosen_is_known_by_its_other_names():
    rule = Rule("Order Refunded", "c", "n", by_setting("by_mail", true=const("mailed")), names=("refunded",))
    changed = msgspec.structs.replace(ACME, rules=(rule,), identity=(), body=obj(what=rule_event_name()))
    for sent in ("Order Refunded", "refunded", "Refunded!"):
        assert bodies(compile_integration(changed, {}), event("track", event=sent)) == [{"what": "mailed"}]


def test_a_route_without_a_list_takes_one_item_a_request():
    assert COMPILED.alone == {"merge", "merge:historical"}
