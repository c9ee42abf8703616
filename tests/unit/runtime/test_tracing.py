import sys

import pytest

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.observe.trace import is_tracing
from datafly.runtime.tracing import headers_of, require_tracing, tracing
from datafly.settings import Settings, find

URL = "http://127.0.0.1:4318/v1/traces"


def test_where_no_traces_are_wanted_nothing_of_them_is_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, "datafly.observe.otlp", raising=False)
    with tracing("gateway", Settings()):
        assert not is_tracing()
    assert "datafly.observe.otlp" not in sys.modules


def test_wanted_without_what_makes_them_is_told_with_the_command_that_mends_it(monkeypatch):
    require_tracing(Settings(trace_url=URL))
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    for name in [one for one in sys.modules if one.startswith("opentelemetry.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(OperatorError, match=r"datafly-signal\[otel\]"):
        require_tracing(Settings(trace_url=URL))


def test_headers_are_read_and_what_is_none_is_refused_and_never_shown():
    told = Settings(trace_url=URL, trace_headers=Secret("Authorization=Basic a=b, x-tenant=shop"))
    assert headers_of(told) == {"authorization": "Basic a=b", "x-tenant": "shop"}
    with pytest.raises(OperatorError) as refused:
        require_tracing(Settings(trace_url=URL, trace_headers=Secret("hush-hush")))
    assert "hush-hush" not in refused.value.message


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://collector/", "http://me@collector/v1/traces", "http://"])
def test_what_is_no_address_of_a_collector_is_refused(url):
    with pytest.raises(OperatorError, match="trace"):
        find({"trace_url": url}, {})


def test_a_collector_that_is_away_holds_nobody_up():
    with tracing("delivery", Settings(trace_url="http://127.0.0.1:9/v1/traces")):
        assert is_tracing()
    assert not is_tracing()
