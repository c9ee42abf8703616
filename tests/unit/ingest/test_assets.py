import gzip
import json

import pytest

from datafly.ingest.asset import make_asset
from datafly.ingest.codes import Code, Refused
from datafly.ingest.collector import Collector
from datafly.ingest.wire import Request
from datafly.model.installation import JsBuilderConfig

KEY = "dk_test_1"

PAGES = ["/shop/", "/shop/product/fern-mug", "/shop/cart", "/shop/checkout", "/shop/order", "/shop/account"]


def asked(**headers) -> Request:
    names = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Request("GET", "/x", b"", names, len(names), None, "http")


@pytest.fixture
def asset():
    return make_asset(b"let x = 1;" * 100, "text/javascript")


def test_a_caller_that_takes_gzip_gets_what_was_compressed_at_the_start(asset):
    reply = asset.reply(asked(accept_encoding="br, gzip"))

    assert gzip.decompress(reply.body) == b"let x = 1;" * 100
    assert (b"content-encoding", b"gzip") in reply.headers


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_a_caller_that_does_not_gets_it_plain(asset, accepted):
    reply = asset.reply(asked(accept_encoding=accepted))

    assert reply.body == b"let x = 1;" * 100
    assert all(name != b"content-encoding" for name, _ in reply.headers)


def test_the_two_variants_have_two_strong_tags(asset):
    plain = dict(asset.reply(asked()).headers)[b"etag"]
    zipped = dict(asset.reply(asked(accept_encoding="gzip")).headers)[b"etag"]

    assert plain != zipped
    assert not plain.startswith(b"W/")


def test_who_has_it_already_gets_304(asset):
    tag = dict(asset.reply(asked()).headers)[b"etag"].decode()

    for held in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        reply = asset.reply(asked(if_none_match=held))
        assert (reply.status, reply.body) == (304, b"")
    assert asset.reply(asked(if_none_match='"other"')).status == 200


async def test_a_package_without_the_collector_says_so(tmp_path):
    collector = Collector(tmp_path / "d.js", dict)

    with pytest.raises(Refused, match="no collector script") as refused:
        await collector.get(asked(), None)
    assert refused.value.status == 503


@pytest.mark.parametrize("path", ["/d.js", "/datafly.js"])
def test_the_collector_is_served_to_pages_of_every_origin(gate, path):
    answer = gate.http.get(path, headers={"origin": "https://shop.example"})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=300" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert gate.http.get(path, headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_a_head_request_has_the_headers_and_no_body(gate):
    answer = gate.http.head("/d.js")

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_health_needs_nothing_and_readiness_says_what_is_missing(gate):
    assert gate.http.get("/healthz").json() == {"status": "ok"}
    assert gate.http.get("/readyz").json() == {"status": "ready"}
    assert gate.http.head("/readyz").status_code == 200

    gate.reason = "The log cannot be written: disk full."
    answer = gate.http.get("/readyz")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["message"] == f"{gate.reason} {Code.NOT_READY.cure}"
    assert gate.http.get("/healthz").status_code == 200


# --- shop -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop_gate(gate_type):
    gate = gate_type(demo=True)
    yield gate
    gate.stop()


@pytest.fixture
def shop(shop_gate):
    shop_gate.renew()
    return shop_gate


@pytest.mark.parametrize("path", PAGES)
def test_each_page_of_the_shop_carries_the_pipeline_s_key_and_nothing_foreign(shop, path):
    answer = shop.http.get(path)

    assert answer.status_code == 200
    assert '<script src="/d.js" data-pipeline-key="dk_test_1">' in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "//" not in answer.text.replace("<!doctype", "").replace("http://www.w3.org", "")


def test_a_key_cannot_break_out_of_the_page(shop):
    shop.pipeline(pipeline_key='"><script>alert(1)</script>')

    assert "<script>alert" not in shop.http.get("/shop/").text


def test_the_shop_s_files_are_cached_by_tag(shop):
    answer = shop.http.get("/shop/static/shop.css")

    assert answer.headers["content-type"].startswith("text/css")
    assert shop.http.get("/shop/static/shop.css", headers={"if-none-match": answer.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    "path", ["/shop/product/nothing", "/shop/static/nothing", "/shop/static/../shop.py", "/shop/static/%2e%2e/shop.py"]
)
def test_what_the_shop_does_not_have_is_404(shop, path):
    assert shop.http.get(path).status_code == 404


def test_without_the_slash_the_shop_is_found(shop):
    assert shop.http.get("/shop").headers["location"] == "/shop/"


def test_without_a_pipeline_the_shop_says_so(shop):
    shop.pipelines = {}

    assert shop.http.get("/shop/").json()["error"]["code"] == "NO_PIPELINE"


def test_without_demo_there_is_no_shop(gate):
    assert gate.http.get("/shop/").status_code == 404


# --- built for a pipeline ---------------------------------------------------------------------------------------------


def built(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text.split("const BUILT=", 1)[1].split(";", 1)[0])


def test_a_key_has_its_pipeline_s_options_written_into_the_script(gate):
    gate.pipeline(js_builder_config=JsBuilderConfig(auto_page=False, batch_size=50, endpoint="https://x.example/in"))
    answer = gate.http.get(f"/d.js?wk={KEY}")

    options = {"auto-page": "false", "batch-size": "50", "endpoint": "https://x.example/in"}
    assert built(answer) == {"pipeline-key": KEY} | options
    assert built(gate.http.get("/d.js")) == {}
    assert gate.http.get(f"/d.js?wk={KEY}", headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_what_is_built_changes_with_the_pipeline_and_so_does_its_tag(gate):
    before = gate.http.get(f"/d.js?wk={KEY}")
    gate.pipeline(js_builder_config=JsBuilderConfig(global_variable="shop"))
    after = gate.http.get(f"/d.js?wk={KEY}", headers={"if-none-match": before.headers["etag"]})

    assert built(before) == {"pipeline-key": KEY}
    assert built(after) == {"pipeline-key": KEY, "global": "shop"}
    assert after.headers["etag"] != before.headers["etag"]


def test_a_pipeline_s_own_script_needs_no_key_and_is_gone_with_its_name(gate):
    gate.pipeline(js_builder_config=JsBuilderConfig(script_filename="shop.js"))
    assert built(gate.http.get("/shop.js")) == {"pipeline-key": KEY}
    assert gate.http.post("/shop.js").status_code == 405
    gate.pipeline(js_builder_config=JsBuilderConfig())
    assert gate.http.get("/shop.js").status_code == 404


def test_a_key_that_nobody_has_gets_no_script(gate):
    answer = gate.http.get("/d.js?wk=dk_none")

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "INVALID_PIPELINE_KEY")


def test_a_visitor_is_known_for_as_long_as_the_pipeline_says(gate):
    gate.pipeline(js_builder_config=JsBuilderConfig(cookie_days=30))
    answer = gate.post("/v1/p", {"name": "Home"}, headers={"origin": "https://shop.example"})

    assert "Max-Age=2592000;" in answer.headers["set-cookie"]
