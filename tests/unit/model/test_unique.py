"""Keys that are told twice are found wherever they are, and nothing else is taken for one."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.unique import is_unique, told_twice

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
