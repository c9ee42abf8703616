import pytest

from datafly.ingest.cors import allows

SHOP = {"origin": "https://shop.example.com"}
EVENT = {"event": "E"}


@pytest.mark.parametrize(
    ("entry", "origin", "allowed"),
    [
        ("example.com", "https://example.com", True),
        ("example.com", "http://example.com:3000", True),
        ("Example.COM", "https://EXAMPLE.com", True),
        ("example.com", "https://shop.example.com", False),
        ("example.com", "https://badexample.com", False),
        ("example.com", "https://example.com.evil.test", False),
        ("*.example.com", "https://shop.example.com", True),
        ("*.example.com", "https://a.b.example.com:8443", True),
        ("*.example.com", "https://example.com", True),
        ("*.example.com", "https://badexample.com", False),
        (".example.com", "https://shop.example.com", True),
        (".example.com", "https://example.com", True),
        ("localhost:3000", "http://localhost:3000", True),
        ("localhost:3000", "http://localhost:4000", False),
        ("example.com:443", "https://example.com", True),
        ("example.com:80", "http://example.com", True),
        ("example.com:443", "http://example.com", False),
        ("https://example.com:443", "https://example.com", True),
        ("https://example.com", "https://example.com", True),
        ("https://example.com/", "http://example.com", False),
        ("[::1]", "http://[::1]:8080", True),
        ("example.com", "null", False),
        ("null", "null", False),
        ("", "https://example.com", False),
        ("*", "https://example.com", False),
    ],
)
def test_the_rule_of_the_allow_list(entry, origin, allowed):
    assert allows((entry,), origin) is allowed


def test_a_page_reads_the_answer_and_its_cookie_is_kept(gate):
    answer = gate.post("/v1/t", EVENT, headers=SHOP)

    assert answer.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


def test_a_listed_page_may_send_and_a_foreign_one_is_told_why_not(gate):
    gate.pipeline(domain_allowlist=("*.example.com",))
    assert gate.post("/v1/t", EVENT, headers=SHOP).status_code == 200

    refused = gate.post("/v1/t", EVENT, headers={"origin": "https://foreign.test"})

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert refused.headers["access-control-allow-origin"] == "https://foreign.test"
    assert len(gate.entries) == 1


def test_a_foreign_page_is_refused_also_when_the_key_is_in_the_body(gate):
    gate.pipeline(domain_allowlist=("example.com",))
    batch = {"batch": [{"type": "page"}], "pipelineKey": "dk_test_1"}

    assert gate.post("/v1/batch", batch, key=None, headers={"origin": "https://foreign.test"}).status_code == 403


def test_a_server_is_not_held_to_the_allow_list(gate):
    gate.pipeline(domain_allowlist=("example.com",))

    assert gate.post("/v1/t", EVENT).status_code == 200


@pytest.mark.parametrize(
    ("break_it", "status"),
    [
        (lambda gate: gate.post("/v1/t", {}, headers=SHOP), 400),
        (lambda gate: gate.post("/v1/t", EVENT, key=None, headers=SHOP), 401),
        (lambda gate: gate.http.get("/v1/t", headers=SHOP), 405),
        (lambda gate: gate.post("/v1/t", content=b" " * 600_000, headers=SHOP), 413),
        (lambda gate: gate.post("/v1/t", EVENT, headers=SHOP | {"content-type": "image/png"}), 415),
        (lambda gate: (gate.fail(), gate.post("/v1/t", EVENT, headers=SHOP))[1], 503),
    ],
)
def test_a_page_can_read_errors_too(gate, break_it, status):
    answer = break_it(gate)

    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "https://shop.example.com"


@pytest.mark.parametrize("path", ["/v1/t", "/v1/p", "/v1/i", "/v1/g", "/v1/batch"])
def test_a_preflight_passes_and_is_remembered(gate, path):
    asked = SHOP | {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}

    answer = gate.http.request("OPTIONS", path, headers=asked)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert {"Authorization", "Content-Type"} <= set(answer.headers["access-control-allow-headers"].split(", "))
    assert int(answer.headers["access-control-max-age"]) > 0
