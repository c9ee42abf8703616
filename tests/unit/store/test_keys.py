import base64
import stat

import pytest

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.store.keys import key_bytes, load_or_create_key

RAW = bytes(range(200, 232))


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    made = load_or_create_key(tmp_path / "data", None)
    assert load_or_create_key(tmp_path / "data", None) == made
    assert len(key_bytes(made)) == 32
    assert stat.S_IMODE((tmp_path / "data" / "encryption.key").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["encryption.key"]


def test_a_configured_key_wins_and_makes_no_file(tmp_path):
    load_or_create_key(tmp_path, None)
    assert load_or_create_key(tmp_path, Secret(RAW.hex())) == Secret(RAW.hex())
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "text",
    [
        RAW.hex(),
        RAW.hex().upper(),
        base64.b64encode(RAW).decode(),
        base64.b64encode(RAW).decode().rstrip("="),
        base64.urlsafe_b64encode(RAW).decode(),
        base64.b64encode(RAW).decode() + "\n",
    ],
)
def test_a_key_is_read_as_hexadecimal_digits_or_base64(text):
    assert key_bytes(Secret(text)) == RAW


@pytest.mark.parametrize("text", ["tooshort", RAW.hex()[:-1], base64.b64encode(RAW[:31]).decode(), "ä" * 43, "!" * 44])
def test_a_malformed_key_is_refused_with_the_cure_and_not_repeated(tmp_path, text):
    with pytest.raises(OperatorError, match="openssl rand -base64 32") as raised:
        load_or_create_key(tmp_path, Secret(text))
    assert text not in str(raised.value)


def test_a_malformed_key_file_is_refused_by_its_name(tmp_path):
    (tmp_path / "encryption.key").write_text("")
    with pytest.raises(OperatorError, match=r"encryption\.key"):
        load_or_create_key(tmp_path, None)


def test_no_key_is_made_for_a_store_that_has_lost_its_own(tmp_path):
    (tmp_path / "store.db").touch()
    with pytest.raises(OperatorError, match=r"put the file encryption\.key back"):
        load_or_create_key(tmp_path, None)
    assert [file.name for file in tmp_path.iterdir()] == ["store.db"]
    assert load_or_create_key(tmp_path, Secret(RAW.hex())) == Secret(RAW.hex())
