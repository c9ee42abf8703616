"""What looks like personal data, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.management import looks
from datafly.management.looks import leaves, looks_like


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("4111111111111111", looks.CARD),
        (4111111111111111, looks.CARD),
        ("paid with 4111 1111-1111 1111, thanks", looks.CARD),
        ("378282246310005", looks.CARD),
        ("4111111111111112", ""),
        ("0000000000000000", ""),
        ("9111111111111111", ""),
        ("ORD-4111111111111111", ""),
        ("ann@shop.example", looks.EMAIL),
        ("write to Ann <ann+1@shop.co.example>", looks.EMAIL),
        ("@shop", ""),
        ("+44 7700 900123", looks.PHONE),
        ("0049 170 1234567", looks.PHONE),
        ("+1", ""),
        ("1795600000000", ""),
        ("GB33 BUKB 2020 1555 5555 55", looks.IBAN),
        ("GB34BUKB20201555555555", ""),
        ("203.0.113.9", looks.IP),
        ("2001:db8::1", looks.IP),
        ("1.2.3", ""),
        ("12:30:15", ""),
        ("078-05-1120", looks.SOCIAL),
        ("000-05-1120", ""),
        ("6a0bf011a1fc1e9a8add1728704b8ddb5d9d2701ae295a65452d9f1f1cf91be5", ""),
        ("harbour-teapot", ""),
        (True, ""),
        (12.5, ""),
        (None, ""),
    ],
)
def test_a_value_looks_like_what_it_is(value, kind):
    assert looks_like(value) == kind


@given(st.integers(10**12, 10**18))
def test_a_number_is_a_card_number_only_if_its_digits_check(number):
    """With another last digit it checks no more."""
    changed = number - number % 10 + (number + 1) % 10
    assert not (looks_like(number) == looks.CARD and looks_like(changed) == looks.CARD)


def test_fields_are_named_as_rules_name_them_and_a_value_that_is_a_name_is_not_shown():
    value = {"a": [{"b": 1}, {"b": [2]}], "ann@shop.example": {"c": 3}}
    assert list(leaves(value, "traits")) == [("traits.a.b", 1), ("traits.a.b", 2), ("traits.….c", 3)]
