"""One event may be several items, of several calls and lists; requests hold what the vendor takes together."""

import json

import msgspec
import pytest

from datafly.deliver.batch import Batch, Member, Unit
from datafly.deliver.entries import Entry
from datafly.model.delivery import Item, Reply
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import DELIVERED, Judgement, Ruling, Verdict
from datafly.spec.bounds import Fits
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Limits
from datafly.spec.integration import Functions, Integration, Lines, More, Route, Rule
from datafly.spec.nodes import obj, path, required
from datafly.spec.pacing import Pacing
from datafly.spec.parts import each_line
from datafly.spec.setting import Number, Text
from datafly.spec.setting import Secret as SecretSetting
from datafly.spec.whole import whole
from datafly.spec.words import Failure, Refusal

JOB = {"data": {"type": "job", "attributes": {"bulk": {"data": ["$items"]}}}}
GROUP = {"profile": "$group", "events": ["$items"]}
NO_ID = Refusal(Verdict.REJECTED, "no_id", "C.", "C.")


def judge_failure(reply, items):
    if reply.status != 422:
        return None
    bad = json.loads(reply.body)["bad"]
    refused = Ruling(Verdict.REJECTED, "bad")
    return Judgement(
        Ruling(Verdict.RETRY, "others"), items=tuple(refused if i in bad else DELIVERED for i in range(len(items)))
    )


def sign(config, outgoing, identity, now_ms):
    return {"X-Id": identity, "X-Time": str(now_ms), "X-Signed": f"{config['token'].reveal()}{len(outgoing.body)}"}


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
    settings=(SecretSetting("token", "T."),),
    routes=(
        Route(
            "/bulk",
            wrap=JOB,
            group=GROUP,
            item={"e": "$item"},
            unique=("name", "once"),
            single="one",
            repeat_alone=True,
        ),
        Route("/one", key="one", item={"profile": "$group", "$item": True}, requests_per_minute=60),
        Route("/track", key="track", parts=("people", "events", "lines"), also={"partner": "us"}),
    ),
    limits=Limits(max_items=3),
    body=obj(name=path("event"), once=path("properties.order_id"), n=path("properties.n")),
    rules=(
        Rule("Product Viewed", "c", "n", group=obj(id=path("user_id"))),
        Rule(
            "Order Completed",
            "c",
            "n",
            route="track",
            part="events",
            lines=Lines(path("properties.products")),
            more=(
                More(obj(mail=path("traits.email")), "track", "people"),
                More(each_line(obj(sku=required(path("line.product_id"), NO_ID))), "track", "lines", spread=True),
            ),
        ),
    ),
    failures=(Failure(Verdict.REJECTED, "gone", "C.", "C.", status=409),),
    idempotent=False,
    functions=Functions(
        judge_failure=judge_failure, sign=sign, headers=lambda config: {"X-Token": config["token"], "X-Kind": "k"}
    ),
)
MADE = compile_integration(ACME, {"token": Secret("t-1")})


def event(name, message_id="m", user_id="u", **more):
    return Event(message_id, "track", "pl", "k", 0, 0, user_id, event=name, **more)


def order(**more):
    return event(
        "Order Completed", properties={"order_id": "o", "products": [{"product_id": "a"}, {"product_id": "b"}]}, **more
    )


def test_an_order_is_itself_and_an_item_for_each_line_and_for_the_person():
    items = MADE.shape(order(traits={"email": "a@example.com"}), 0)
    assert [(item.part, item.key) for item in items] == [
        ("events", "m"),
        ("people", "m:track:0"),
        ("lines", "m:track:0"),
        ("lines", "m:track:1"),
    ]
    ordered = [items[index] for index in MADE.arrange(items)]
    assert msgspec.json.decode(MADE.assemble(ordered).body) == {
        "partner": "us",
        "people": [{"mail": "a@example.com"}],
        "events": [{"name": "Order Completed", "once": "o"}],
        "lines": [{"sku": "a"}, {"sku": "b"}],
    }


def test_what_has_no_value_is_no_item_and_a_line_that_is_refused_refuses_the_event():
    assert [item.part for item in MADE.shape(order(), 0)] == ["events", "lines", "lines"]
    bad = event("Order Completed", properties={"products": [{"price": 1}]})
    assert MADE.shape(bad, 0).reason == "no_id"


def unit(item):
    return Unit(Member(Entry(0, 0), 0.0), item)


def batch(*items):
    found = Batch(MADE, "rev", 1, [])
    for item in items:
        found.add(unit(item))
    return found


def viewed(**properties):
    (item,) = MADE.shape(event("Product Viewed", properties=properties), 0)
    return item


def test_no_request_holds_two_items_that_the_vendor_would_take_for_one():
    first, same, other = viewed(order_id="o", n=1), viewed(order_id="o", n=2), viewed(order_id="p")
    held = batch(first)
    assert not held.takes(same, MADE.limits)
    assert held.takes(other, MADE.limits)
    assert batch(viewed()).takes(viewed(), MADE.limits), "without the value nothing is alike"


def test_a_request_of_one_item_goes_its_own_way_at_its_own_rate():
    one, two = batch(viewed(n=1)), batch(viewed(n=1), viewed(n=2))
    assert (one.call, two.call) == ("one", "")
    alone = MADE.assemble(one.items())
    assert (alone.url, msgspec.json.decode(alone.body)) == (
        "https://acme.example/one",
        {"profile": {"id": "u"}, "name": "Product Viewed", "n": 1},
    )
    together = MADE.assemble(two.items())
    assert together.url == "https://acme.example/bulk"
    (group,) = msgspec.json.decode(together.body)["data"]["attributes"]["bulk"]["data"]
    assert group["profile"] == {"id": "u"}
    assert [one["e"]["n"] for one in group["events"]] == [1, 2]
    assert MADE.rates == {"one": Pacing(60, pool="POST /one")}
    assert MADE.repeats_alone == {"", ":historical"}


def test_the_limit_of_items_may_count_for_each_list_by_itself():
    per_part = msgspec.structs.replace(MADE.limits, max_items=1, per_part=True)
    held = batch(Item(b"{}", "track", part="events"))
    assert held.takes(Item(b"{}", "track", part="people"), per_part)
    assert not held.takes(Item(b"{}", "track", part="events"), per_part)
    assert not held.takes(Item(b"{}", "track", part="people"), msgspec.structs.replace(per_part, per_part=False))


def test_members_come_once_also_where_their_items_stand_apart():
    member, other = Member(Entry(0, 0), 0.0), Member(Entry(1, 1), 0.0)
    parts = [(member, "lines"), (member, "people"), (other, "people")]
    held = Batch(MADE, "rev", 1, [Unit(one, Item(b"{}", "track", part=part)) for one, part in parts])
    held.arrange()
    assert [held_unit.item.part for held_unit in held.units] == ["people", "people", "lines"]
    assert list(held.members()) == [member, other]


def test_a_definition_may_read_a_refusal_itself_and_else_the_declared_failures_count():
    items = [viewed(n=1), viewed(n=2)]
    judged = MADE.judge(Reply(422, body=b'{"bad":[1]}'), items)
    assert [ruling.verdict for ruling in judged.items] == [Verdict.DELIVERED, Verdict.REJECTED]
    assert MADE.judge(Reply(409), items).whole.symptom == "gone"
    assert MADE.judge(Reply(None, error="lost"), items).whole.verdict is Verdict.RETRY


def test_an_attempt_is_signed_by_an_id_that_stays_and_the_time_of_the_attempt():
    items = [viewed(n=1)]
    outgoing = MADE.assemble(items)
    first, again = MADE.sign(outgoing, items, 5), MADE.sign(outgoing, items, 9)
    assert (first.headers["X-Time"], again.headers["X-Time"]) == ("5", "9")
    assert first.headers["X-Id"] == again.headers["X-Id"]
    assert "." not in first.headers["X-Id"]
    assert first.body == again.body == outgoing.body
    assert isinstance(first.headers["X-Token"], Secret)
    assert MADE.sign(outgoing, [viewed(n=1), viewed(n=2)], 5).headers["X-Id"] != first.headers["X-Id"]


@pytest.mark.parametrize("message_id", ["m.1", "\ud800", "ü"])
def test_the_id_of_a_signature_holds_no_dot_whatever_the_message_id(message_id):
    items = [Item(b"{}", key=message_id)]
    assert "." not in MADE.sign(MADE.assemble(items), items, 1).headers["X-Id"]


@pytest.mark.parametrize(
    ("historical", "said"), [(True, {"at": 1_700_000_000_123, "old": True}), (False, {"at": 1_700_000_000_123})]
)
def test_a_mapping_may_read_the_moment_in_milliseconds_and_whether_it_is_history(historical, said):
    rule = Rule("page", "c", "n", route="one", body=obj(at=path("timestamp_ms"), old=path("historical")))
    made = compile_integration(msgspec.structs.replace(ACME, rules=(rule,)), {"token": Secret("t")})
    one = Event("m", "page", "pl", "k", 1_700_000_000_123, 0, historical=historical)
    assert msgspec.json.decode(made.shape(one, 0)[0].body) == said


BIG = Fits(Refusal(Verdict.REJECTED, "too_large", "C.", "C."), item_bytes=120, text_bytes=50, list_items=3)


def fitted(**changes):
    routes = (Route("/bulk", "items", fits=BIG), Route("/old", "items", key="old", fits=BIG, max_items=2))
    rules = (Rule("Quiz Finished", "c", "n", body=whole("properties"), **changes),)
    return compile_integration(msgspec.structs.replace(ACME, routes=routes, rules=rules), {"token": Secret("t-1")})


def shaped(properties, **more):
    return fitted(**more.pop("rule", {})).shape(event("Quiz Finished", properties=properties, **more), 0)


def test_what_is_too_long_in_an_item_is_left_out_and_an_item_that_is_too_large_refuses_its_event():
    (item,) = shaped({"a": "é" * 26, "list": [1, 2, 3, 4], "b": {"c": "é" * 25}, "in": ["x" * 51, "y"]})
    assert json.loads(item.body) == {"list": [1, 2, 3], "b": {"c": "é" * 25}, "in": ["y"]}
    assert [warning.partition(" ")[0] for warning in item.warnings] == ["a", "list", "in"]
    assert shaped({f"a{n}": "x" * 40 for n in range(4)}).reason == "too_large"


def test_an_item_that_is_small_is_not_looked_into():
    (item,) = shaped({"a": [1]})
    assert (json.loads(item.body), item.warnings, BIG.harmless_bytes) == ({"a": [1]}, (), 5)


def test_history_goes_by_another_call_where_the_rule_says_so():
    routes = [shaped({"a": 1}, historical=old, rule={"historical_route": "old"})[0].route for old in (False, True)]
    assert routes == ["", "old"]


def test_a_call_may_hold_fewer_items_than_others():
    made = fitted(route="old")
    item = made.shape(event("Quiz Finished", properties={"a": 1}), 0)[0]
    batch = Batch(made, "r", 1, [])
    for _ in range(2):
        assert batch.takes(item, made.limits)
        batch.add(Unit(None, item))
    assert not batch.takes(item, made.limits)
    assert not batch.has_room(made.limits)


@pytest.mark.parametrize(("config", "most"), [({}, 2), ({"each": 1}, 1)])
def test_how_many_items_a_call_holds_may_be_a_setting(config, most):
    bounded = msgspec.structs.replace(
        ACME,
        routes=(Route("/bulk", "items", max_items=2, max_items_by="each"),),
        rules=(Rule("Quiz Finished", "c", "n"),),
        settings=(*ACME.settings, Number("each", "E.", required=False, whole=True)),
    )
    made = compile_integration(bounded, {"token": Secret("t-1"), **config})
    batch = Batch(made, "r", 1, [])
    while batch.takes(Item(b"1"), made.limits):
        batch.add(Unit(None, Item(b"1")))
    assert len(batch.units) == most


def test_a_setting_may_stand_around_items():
    wrap = {"list": {"id": "{list_id}"}, "items": ["$items"]}
    listed = msgspec.structs.replace(
        ACME,
        routes=(Route("/bulk", wrap=wrap),),
        rules=(Rule("Quiz Finished", "c", "n"),),
        settings=(*ACME.settings, Text("list_id", "L.", required=False)),
    )
    item = Item(b"1")
    for config, said in (({"list_id": 'a"b'}, 'a"b'), ({}, "")):
        made = compile_integration(listed, {"token": Secret("t-1"), **config})
        assert json.loads(made.assemble([item]).body) == {"list": {"id": said}, "items": [1]}
