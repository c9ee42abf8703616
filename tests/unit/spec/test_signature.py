import base64
import hashlib
import hmac
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from datafly.spec.signature import keyed_hash, objection, public_key, standard_headers, standard_signature, timestamped

PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SEED = bytes(range(32))
PRIVATE = "whsk_" + base64.b64encode(SEED).decode()


def verifies(key, message_id, seconds, body, signature):
    version, _, encoded = signature.partition(",")
    assert version == "v1a"
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    public.verify(base64.b64decode(encoded), f"{message_id}.{seconds}.".encode() + body)


def test_the_published_vector_comes_out():
    signature = standard_signature(PUBLISHED, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.text(), st.from_regex(r"msg_[A-Za-z0-9]{1,40}", fullmatch=True))
def test_the_library_of_standard_webhooks_takes_what_was_signed_by_any_key(secret, text, message_id):
    key, body = "whsec_" + base64.b64encode(secret).decode(), text.encode("utf-8", "replace")
    assert objection(key) == ""
    headers = standard_headers([key], message_id, int(time.time()), body)
    Webhook(key).verify(body, headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(key).verify(body + b" ", headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(key).verify(body, {**headers, "webhook-id": message_id + "x"}, json_parse=False)


def test_while_a_key_is_replaced_whoever_has_the_old_or_the_new_one_is_satisfied_and_nobody_else():
    headers = standard_headers([OTHER, PUBLISHED, PRIVATE], "msg_1", int(time.time()), b"{}")
    assert [one.partition(",")[0] for one in headers["webhook-signature"].split(" ")] == ["v1", "v1", "v1a"]
    for key in (OTHER, PUBLISHED):
        assert Webhook(key).verify(b"{}", headers) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 24).decode()).verify(b"{}", headers)


@pytest.mark.parametrize("tail", [b"", Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()])
def test_an_ed25519_signature_is_verified_by_the_public_key_alone(tail):
    key = "whsk_" + base64.b64encode(SEED + tail).decode()
    assert objection(key) == ""
    signature = standard_signature(key, "msg_1", 1614265330, b"{}")
    verifies(public_key(key), "msg_1", 1614265330, b"{}", signature)
    with pytest.raises(InvalidSignature):
        verifies(public_key(key), "msg_1", 1614265331, b"{}", signature)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with neither"),
        ("whpk_" + base64.b64encode(SEED).decode(), "begins with neither"),
        ("whsec_", "holds 0 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "holds 23 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "holds 65 bytes"),
        ("whsec_not base64!", "no base64"),
        ("whsec_" + "A" * 33, "no base64"),
        ("whsk_" + base64.b64encode(b"x" * 31).decode(), "holds 31 bytes"),
        ("", "begins with neither"),
    ],
)
def test_what_is_no_key_is_told_without_telling_it(key, why):
    assert why in objection(key)
    assert key[6:] == "" or key[6:] not in objection(key)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_a_hmac_of_ones_own_is_that_of_the_body_by_the_bytes_of_the_secret(algorithm):
    digest = hmac.new(b"whsec_as it is", b"{}", getattr(hashlib, algorithm))
    assert keyed_hash("whsec_as it is", b"{}", algorithm, "hex") == digest.hexdigest()
    assert keyed_hash("whsec_as it is", b"{}", algorithm, "base64") == base64.b64encode(digest.digest()).decode()


def test_a_timestamped_signature_is_over_the_time_and_the_body():
    digest = hmac.new(b"s", b"1614265330.{}", hashlib.sha256).hexdigest()
    assert timestamped(["s"], 1614265330, b"{}", "sha256", "hex") == f"t=1614265330,v1={digest}"
