"""Keys that are told twice are found wherever they are, and nothing else is taken for one."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.ingest.unique import is_unique, told_twice

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(':"\\{}[],'), max_size=8)
SIMPLE = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SIMPLE | TEXTS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
SPELLINGS = st.sampled_from(
    [
        lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        json.dumps,
        lambda value: json.dumps(value, indent=2),
        lambda value: json.dumps(value).replace(":", r"\u003a") if isinstance(value, str) else json.dumps(value),
    ]
)


@given(value=VALUES, spelling=SPELLINGS)
def test_what_says_nothing_twice_is_unique_however_it_is_written(value, spelling):
    body = spelling(value).encode()

    assert is_unique(body, msgspec.json.decode(body))
    assert told_twice(body) is None


@given(fields=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), pick=st.data(), spelling=SPELLINGS)
def test_a_key_that_is_told_twice_is_found_however_it_is_written(fields, pick, spelling):
    again = pick.draw(st.sampled_from(list(fields)))
    other = pick.draw(VALUES)
    pairs = [*fields.items(), (again, other)]
    inner = "{" + ",".join(f"{json.dumps(name)}:{spelling(value)}" for name, value in pairs) + "}"
    body = f'[1,{{"x":{inner}}}]'.encode()

    assert not is_unique(body, msgspec.json.decode(body))
    assert told_twice(body) == f"[1].x.{again}"


def code(error):
    return error["code"], error["message"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"batch":[{"type":"page"}],"batch":[{"type":"page"},{"type":"page"}]}', "batch"),
        ('{"batch":[{"type":"page"}, {"type":"page"}],"sentAt":null,"sentAt":null}', "sentAt"),
        ('{"context":{"page":{"url":1,"url":2}},"batch":[ {"type":"page"} ,{"type":"page"} ] }', "context.page.url"),
        ('{"\\u0062atch":[{"type":"page"}],"batch":[{"type":"page"}]}', "batch"),
        ('{"\\u0062atch":[{"type":"page"}],"context":{"a":1,"a":2}}', "context.a"),
        ('{"batch":[{"type":"page","event":"\\ud83d"}],"context":{"a":1,"a":2}}', "context.a"),
    ],
)
def test_a_batch_that_tells_something_twice_is_refused_whole(gate, body, place):
    answer = gate.post("/v1/batch", content=body)

    assert answer.status_code == 400
    assert code(answer.json()["error"]) == ("DUPLICATE_KEY", f"{place}: the key is told twice. Tell it once.")
    assert answer.json()["error"]["details"] == {"field": place}
    assert gate.entries == []


@pytest.mark.parametrize(
    "shape",
    [
        '{"batch":[%s,%s,%s]}',
        '{"batch": [%s, %s, %s], "sentAt": "2026-11-26T00:00:00Z"}',
        '{"context":{"locale":"en"},"batch":[%s,%s,%s]}',
        '{"context":{"batch":[{"type":"page"},{"type":"page"}]},"batch" : [\n  %s\n, %s ,\n %s\n]}',
        '{"\\u0062atch":[%s,%s,%s],"more":{"a":{}}}',
        '{"batch":[%s,%s,%s],"more":"\\u003a \\"batch\\":["}',
    ],
)
def test_of_a_batch_only_the_event_that_tells_something_twice_is_refused(gate, shape):
    good, bad = '{"type":"page"}', '{"type":"page","userId":"a","userId":"b"}'

    answer = gate.post("/v1/batch", content=shape % (good, bad, good)).json()

    assert (answer["accepted"], len(gate.entries)) == (2, 2)
    assert [(error["index"], code(error)) for error in answer["errors"]] == [
        (1, ("DUPLICATE_KEY", "userId: the key is told twice. Tell it once."))
    ]
    assert [(kept.code, kept.index) for kept in gate.refusals] == [("DUPLICATE_KEY", 1)]
