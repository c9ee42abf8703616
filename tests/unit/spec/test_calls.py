"""What a call about a user sends of what it is given."""

import pytest

from datafly.spec.calls import DELETE_USER, Call

BODY = {
    "ids": ["$user.id"],
    "addresses": [{"email": "$user.email", "order": ["newest"]}],
    "always": {"kind": "user"},
}
CALL = Call(DELETE_USER, "/x", BODY, by_one_of=("id", "email"))


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ({"id": "u", "email": "e"}, {"ids": ["u"]}),
        ({"email": "e"}, {"addresses": [{"email": "e", "order": ["newest"]}]}),
    ],
)
def test_an_object_of_which_nothing_is_left_but_what_it_always_says_is_left_out(user, sent):
    assert CALL.filled({"user": user}) == {**sent, "always": {"kind": "user"}}
    assert CALL.names() == {"user"}


def test_a_call_about_nobody_is_not_made():
    with pytest.raises(ValueError, match="needs id or email of the user"):
        CALL.filled({"user": {"phone": "p"}})
