import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.ids import make_id
from datafly.store.ids import fresh_pipeline_key, fresh_token, slug_of

TIMES = st.integers(0, 2**48 - 1)
ENTROPY = st.binary(min_size=10, max_size=10)


@given(TIMES, TIMES, ENTROPY, ENTROPY)
def test_ids_sort_by_time(earlier, later, one, other):
    if earlier < later:
        assert make_id("at", earlier, one) < make_id("at", later, other)


@given(TIMES, ENTROPY)
def test_an_id_says_what_it_names_and_has_a_fixed_length(at_ms, entropy):
    made = make_id("pip", at_ms, entropy)
    assert made.startswith("pip_")
    assert len(made) == 4 + 26


@given(ENTROPY, ENTROPY)
def test_ids_of_one_instant_differ_where_their_entropy_does(one, other):
    assert (make_id("at", 5, one) == make_id("at", 5, other)) == (one == other)


def test_an_id_takes_the_whole_entropy():
    with pytest.raises(ValueError, match="10 bytes"):
        make_id("pip", 1, b"short")


def test_keys_and_tokens_do_not_repeat():
    assert len({fresh_token() for _ in range(100)} | {fresh_pipeline_key() for _ in range(100)}) == 200


@pytest.mark.parametrize(("name", "slug"), [("My Shop!", "my-shop"), ("Ünï", "n"), ("日本", "pipeline")])
def test_a_slug_is_drawn_from_the_name(name, slug):
    assert slug_of(name) == slug
