import msgspec
import pytest

from datafly.model.delivery import Item, Reply
from datafly.model.event import Event
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.spec.asking import Check
from datafly.spec.compile import compile_integration
from datafly.spec.compiled import Limits
from datafly.spec.faces.plain import as_json
from datafly.spec.integration import IdentityRow, Integration, Lines, Route, Rule, Variant
from datafly.spec.nodes import const, obj, path
from datafly.spec.parts import each_line, identified, params, rule_event_name
from datafly.spec.rest import rest
from datafly.spec.setting import Secret as SecretSetting
from datafly.spec.setting import Text
from datafly.spec.source import Making, Source
from datafly.spec.words import Refusal

NO_LINES = Refusal(Verdict.REJECTED, "no_lines", "None.", "Send some.")
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
    base="https://{region}.acme.example/api/",
    headers={"Authorization": "Bearer {token}", "X-Region": "{region}"},
    settings=(SecretSetting("token", "T."), Text("region", "R.", default="eu")),
    variants=(Variant("default", "Default", "D."), Variant("us", "US", "U.", {"region": "us"})),
    routes=(Route("/one"), Route("/many", items_key="items", key="many", also={"mode": "live"}, method="PUT")),
    check=Check("/me"),
    limits=Limits(),
    identity=(IdentityRow("id", "user_id", "N.", path("user_id")),),
    body=obj(who=identified(), what=rule_event_name(), rows=each_line(params())),
    rules=(
        Rule("page", "c", "n", "seen", rest("properties")),
        Rule(
            "Order Completed",
            "c",
            "n",
            "bought",
            rest("line"),
            route="many",
            lines=Lines(path("properties.products"), NO_LINES, alone=("sku", "price"), alone_if=("sku",)),
            native={"cost": "price"},
        ),
        Rule("identify", "c", "n", body=obj(id=identified("id"))),
    ),
)


def event(**fields):
    given = {"message_id": "m-1", "type": "track", "pipeline_id": "p", "key": "k", "timestamp_ms": 0, "received_ms": 0}
    return Event(**{**given, **fields})


@pytest.fixture
def made():
    return compile_integration(ACME, {"token": Secret("t-1")}, variant="us", notes=("a note",))


def test_a_rule_makes_the_body_of_an_event(made):
    (item,) = made.shape(event(type="page", user_id="u", properties={"a": 1}), 0)
    assert msgspec.json.decode(item.body) == {"who": {"id": "u"}, "what": "seen", "rows": [{"a": 1}]}
    assert (item.key, item.route, item.warnings) == ("m-1", "", ())


def test_a_rule_with_a_body_of_its_own_uses_that(made):
    (item,) = made.shape(event(type="identify", user_id="u"), 0)
    assert item.body == b'{"id":"u"}'


def test_an_event_without_rule_is_skipped_and_one_that_gives_nothing_too(made):
    for one in (event(event="Cart Viewed"), event(type="group"), event(event="page")):
        assert made.shape(one, 0).reason == "not_mapped"
    assert made.shape(event(type="identify"), 0).reason == "nothing_to_send"


def test_lines_that_are_no_objects_are_left_out_with_a_warning(made):
    (item,) = made.shape(event(event="Order Completed", properties={"products": [{"sku": 1}, "x"]}), 0)
    assert msgspec.json.decode(item.body)["rows"] == [{"sku": 1}]
    assert item.warnings == ("properties.products holds something that is no object; it was left out.",)


def test_an_event_with_the_fields_of_a_product_is_its_own_line(made):
    (item,) = made.shape(event(event="Order Completed", properties={"sku": 1, "price": 2, "total": 3}), 0)
    assert msgspec.json.decode(item.body)["rows"] == [{"sku": 1, "price": 2}]


@pytest.mark.parametrize("name", ["bought", "Bought", "BOUGHT!"])
def test_an_event_under_the_vendors_own_name_is_the_event_of_that_name(made, name):
    products = [{"itemId": 1, "cost": 2}, {"cost": 3, "price": 4}, "x"]
    (item,) = made.shape(event(event=name, properties={"products": products}), 0)
    assert (item.route, msgspec.json.decode(item.body)["what"]) == ("many", "bought")
    assert msgspec.json.decode(item.body)["rows"] == [{"product_id": 1, "price": 2}, {"cost": 3, "price": 4}]
    (item,) = made.shape(event(event=name, properties={"sku": 1, "cost": 2}), 0)
    assert msgspec.json.decode(item.body)["rows"] == [{"sku": 1, "price": 2}]
    assert made.shape(event(event="never heard of"), 0).reason == "not_mapped"


@pytest.mark.parametrize("products", [None, [], {}, "x", ["x"]])
def test_without_a_line_the_event_is_refused(made, products):
    ruling = made.shape(event(event="Order Completed", properties={"products": products, "total": 3}), 0)
    assert (ruling.verdict, ruling.reason) == (Verdict.REJECTED, "no_lines")


def test_what_json_cannot_hold_is_rejected_and_not_raised(made):
    ruling = made.shape(event(type="page", user_id="\ud800"), 0)
    assert isinstance(ruling, Ruling)
    assert (ruling.verdict, ruling.reason) == (Verdict.REJECTED, "not_encodable")


def test_a_request_goes_to_the_base_with_headers_of_the_config_and_secrets_stay_secret(made):
    outgoing = made.assemble([Item(b'{"id":"u"}')])
    assert (outgoing.method, outgoing.url) == ("POST", "https://us.acme.example/api/one")
    assert outgoing.body == b'{"id":"u"}'
    assert outgoing.headers["X-Region"] == "us"
    assert outgoing.headers["Authorization"].reveal() == "Bearer t-1"
    assert made.secrets == {"t-1"}
    assert made.notes == ("a note",)
    assert (made.credential_check.method, made.credential_check.url) == ("GET", "https://us.acme.example/api/me")


def test_items_are_joined_in_their_order_and_each_is_found_again(made):
    outgoing = made.assemble([Item(b'{"n":1}', "many"), Item(b'{"n":2}', "many")])
    assert (outgoing.method, outgoing.body) == ("PUT", b'{"mode":"live","items":[{"n":1},{"n":2}]}')
    assert made.pick(outgoing.body.decode(), 1) == '{"mode":"live","items":[{"n":2}]}'
    assert made.pick(outgoing.body.decode(), 7) == outgoing.body.decode()
    assert made.pick("no json", 0) == "no json"


def test_a_rate_is_shared_by_credential_and_the_credential_cannot_be_read_from_it(made):
    same = compile_integration(ACME, {"token": Secret("t-1"), "region": "us"})
    other = compile_integration(ACME, {"token": Secret("t-2"), "region": "us"})
    assert made.credential == same.credential != other.credential
    assert "t-1" not in made.credential


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (302, Verdict.SUSPENDED),
        (400, Verdict.REJECTED),
        (401, Verdict.SUSPENDED),
        (403, Verdict.SUSPENDED),
        (404, Verdict.SUSPENDED),
        (408, Verdict.RETRY),
        (409, Verdict.REJECTED),
        (413, Verdict.REJECTED),
        (422, Verdict.REJECTED),
        (425, Verdict.RETRY),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
        (599, Verdict.RETRY),
        (None, Verdict.RETRY),
    ],
)
def test_an_answer_that_the_definition_does_not_know_is_judged_by_who_must_act(made, status, verdict):
    ruling = made.judge(Reply(status), [Item(b"{}")] * 3).whole
    assert ruling.verdict is verdict
    assert made.judge_check(Reply(status)).verdict is verdict
    assert status in (200, 204) or (ruling.reason and ruling.cause)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"no"}', "no"),
        (b'{"error":{"message":"deep"}}', "deep"),
        (b'{"error":"bad: request"}', "bad: request"),
        (b'{"detail":"d"}', "d"),
        (b'{"errors":[{"status":400,"detail":"first"},{"detail":"second"}]}', "first"),
        (b'{"errors":["said"]}', "said"),
        (b"plain words", "plain words"),
        (b"<html>page</html>", "http_400"),
        (b'{"code":1}', "http_400"),
        (b"", "http_400"),
        (b"\xff", "�"),
    ],
)
def test_the_reason_is_what_the_vendor_said(made, body, words):
    assert made.judge(Reply(400, body=body), [Item(b"{}")]).whole.reason == words


def test_a_definition_is_data_but_for_its_functions():
    said = msgspec.json.decode(as_json(ACME))
    assert said["functions"] == {}
    assert said["rules"][0]["params"] == {"type": "rest", "of": "properties"}
    assert [setting["type"] for setting in said["settings"]] == ["secret", "string"]
    assert const("x") == const("x")


def test_functions_that_say_the_same_of_other_values_have_their_code_once():
    def written(value, subject="s"):
        source = Source(Making())
        source.line(f"return {source.bind(value, 'said')}")
        return source.function(subject)

    one, other = written("a"), written("b")
    assert (one(None), other(None)) == ("a", "b")
    assert one.__code__ is other.__code__
    assert written("a", "elsewhere").__code__ is not one.__code__, "a traceback says whose it is"
