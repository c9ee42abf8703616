import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.model.errors import Invalid, OperatorError
from datafly.model.secret import Secret
from datafly.store.seal import Sealer

KEY, OTHER = Sealer(Secret("11" * 32)), Sealer(Secret("22" * 32))
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
NAMES = st.text().filter(lambda name: name != "$secret")
SECRETS = st.text().filter(lambda text: text != "***").map(Secret)
VALUES = st.recursive(
    PLAIN | SECRETS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_config_comes_back_as_it_was_through_json(config):
    sealed = msgspec.json.decode(msgspec.json.encode(KEY.seal(config, template_id="tmpl_1")))
    assert KEY.unseal(sealed, template_id="tmpl_1") == config


def test_a_sealed_secret_shows_nothing_and_never_looks_the_same_twice():
    one, two = (KEY.seal({"api_key": Secret("whisper")}, template_id="tmpl_1")["api_key"] for _ in range(2))
    assert "whisper" not in str(one)
    assert one["$secret"] != two["$secret"]
    assert one["key"] == KEY.key_id != OTHER.key_id


@pytest.mark.parametrize(
    ("sealer", "template_id", "field"),
    [(OTHER, "tmpl_1", "api_key"), (KEY, "tmpl_2", "api_key"), (KEY, "tmpl_1", "shown")],
)
def test_a_sealed_secret_opens_only_with_its_key_in_its_place(sealer, template_id, field):
    sealed = KEY.seal({"api_key": Secret("whisper")}, template_id="tmpl_1")
    with pytest.raises(OperatorError, match="cannot be decrypted"):
        sealer.unseal({field: sealed["api_key"]}, template_id=template_id)


@pytest.mark.parametrize("config", [{"f": {"$secret": "x"}}, {"f": Secret("***")}])
def test_what_would_read_as_something_else_is_refused(config):
    with pytest.raises(Invalid) as raised:
        KEY.seal(config, template_id="tmpl_1")
    assert raised.value.details == {"field": "f"}
