"""What tells a key twice is refused: of a batch only the event that does."""

import pytest


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
