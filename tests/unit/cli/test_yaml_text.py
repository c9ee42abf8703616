import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.cli.yaml_text import parse, problems, write
from datafly.model.errors import Invalid

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.sampled_from(
    [
        "yes",
        "NO",
        "on",
        "1e5",
        "012",
        "0o7",
        "1_000",
        "2024-01-01",
        "~",
        "null",
        "",
        "=",
        "<<",
        "- a",
        "a: b",
        "1:30",
        ".5",
    ]
)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(st.dictionaries(texts, values))
def test_what_is_written_reads_back_as_the_same(told):
    assert parse(write(told, ["a comment"])).told == told


def test_words_that_other_readers_take_for_something_else_are_text():
    text = parse(
        "country: NO\nswitch: on\nday: 2024-01-01\ntime: 12:30\nzip: 01234\nnumber: 3\nshare: 0.5\nnone: null\n"
    )
    assert text.told == {
        "country": "NO",
        "switch": "on",
        "day": "2024-01-01",
        "time": "12:30",
        "zip": "01234",
        "number": 3,
        "share": 0.5,
        "none": None,
    }


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", 3),
        ("a:\n  - [1\n", 3),
        ("a: &x\n  b: *x\n", 2),
        ("? [1, 2]\n: 3\n", 1),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{n}: &{n} [{','.join([f'*{m}'] * 9)}]\n" for m, n in zip("abcdefg", "bcdefgh", strict=True)),
            7,
        ),
    ],
)
def test_what_cannot_be_read_names_its_line(said, line):
    with pytest.raises(Invalid) as raised:
        parse(said)
    assert raised.value.details["line"] in range(1, line + 1)


def test_a_problem_is_told_with_the_line_of_what_it_stands_in():
    text = parse("version: 1\nintegrations:\n  Insider:\n    vendor: insider\n")
    found = [{"path": ["integrations", "Insider", "config", "api_key"], "message": "it is missing."}]
    told = problems(text, "signal.yaml", Invalid("", problems=found))
    assert told == ["signal.yaml:3: integrations › Insider › config › api_key: it is missing."]
