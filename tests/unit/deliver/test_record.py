import msgspec

from datafly.deliver.record import outcomes_of, shown_answer, shown_request, shown_ruling
from datafly.model.delivery import Outcome, Outgoing, Reply
from datafly.model.secret import Secret
from datafly.model.verdict import DELIVERED, Ruling, Verdict

KEY = 'a"b/c d'
SECRETS = frozenset({KEY})


def request(**changes):
    given = {
        "method": "POST",
        "url": "https://vendor.example/?key=a%22b%2Fc%20d&other=a%22b%2Fc+d",
        "headers": {"X-KEY": Secret(KEY), "X-NOTE": f"sent with {KEY}", "Authorization": Secret("Bearer other")},
        "body": msgspec.json.encode({"key": KEY, "auth": "Bearer other", "name": "Ann"}),
    }
    return Outgoing(**given | changes)


def test_a_request_is_shown_without_its_secrets_in_any_spelling():
    shown = shown_request(request(), SECRETS)
    assert shown.headers == {"X-KEY": "***", "X-NOTE": "sent with ***", "Authorization": "***"}
    assert shown.url == "https://vendor.example/?key=***&other=***"
    assert msgspec.json.decode(shown.body) == {"key": "***", "auth": "***", "name": "Ann"}


def test_an_answer_that_echoes_a_secret_is_masked_and_cut_and_its_cookies_are_not_kept():
    reply = Reply(
        status=401,
        headers={"x-echo": KEY, "set-cookie": "session=1"},
        body=f"unknown key {KEY} ".encode() + b"x" * 500,
        error=f"no {KEY}",
    )
    shown = shown_answer(reply, request(), SECRETS, 100)
    assert shown.headers == {"x-echo": "***"}
    assert shown.body.startswith("unknown key *** xxx")
    assert shown.body.endswith("… (516 bytes)")
    assert shown.error == "no ***"


def test_a_cut_never_leaves_half_a_secret():
    reply = Reply(status=200, body=b"x" * 98 + KEY.encode())
    assert "a" not in shown_answer(reply, request(), SECRETS, 100).body.partition("…")[0]


def test_a_body_that_is_no_text_is_shown_as_far_as_it_is():
    assert shown_answer(Reply(status=200, body=b"\xff\0ok"), request(), SECRETS, 100).body == "\ufffd\ufffdok"


def test_a_ruling_in_the_vendors_words_is_masked():
    assert shown_ruling(Ruling(Verdict.REJECTED, f"bad {KEY}"), SECRETS).reason == "bad ***"


def test_what_the_network_said_is_masked_as_well():
    assert shown_ruling(Ruling(Verdict.RETRY, "no_answer", cause=f"no host {KEY}"), SECRETS).cause == "no host ***"


def test_a_key_that_is_a_word_of_the_cure_does_not_black_it_out():
    told = Ruling(
        Verdict.SUSPENDED,
        "wrong token",
        cause="Invalid API key or wrong scopes",
        cure="Regenerate the key with Unification API scope.",
        symptom="401 Unauthorized",
    )
    shown = shown_ruling(told, frozenset({"wrong", "key", "401"}))
    assert shown.reason == "*** token"
    assert (shown.cause, shown.cure, shown.symptom) == (told.cause, told.cure, told.symptom)


def test_neighbours_of_one_ruling_are_one_range_and_delivered_ones_need_none():
    template = Outcome("ins", 0, 0, 0, DELIVERED, 1)
    skipped, rejected = Ruling(Verdict.SKIPPED, "a"), Ruling(Verdict.REJECTED, "b")
    finals = [(4, skipped), (1, skipped), (2, skipped), (3, DELIVERED), (5, rejected), (6, rejected), (9, rejected)]
    ranges = [(one.first, one.last, one.ruling.reason) for one in outcomes_of(finals, template)]
    assert ranges == [(1, 2, "a"), (4, 4, "a"), (5, 6, "b"), (9, 9, "b")]
