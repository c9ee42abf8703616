import msgspec
import pytest

from datafly.deliver.notices import drift_of, warnings_of, without_values
from datafly.testing.store_writer import attempt


@pytest.mark.parametrize(
    ("warning", "kept"),
    [
        (
            "products[12]: no product_id; Insider cannot tell which product it is.",
            "products[]: no product_id; Insider cannot tell which product it is.",
        ),
        (
            "user_id is “undefined”, a placeholder that identifies nobody; it was left out.",
            "user_id is “…”, a placeholder that identifies nobody; it was left out.",
        ),
        ("83 custom attributes, and 80 are kept.", "… custom attributes, and 80 are kept."),
        ("properties.size_2 is not sent.", "properties.size_2 is not sent."),
        ("x" * 900, "x" * 400),
    ],
)
def test_a_warning_keeps_names_of_fields_and_no_values(warning, kept):
    assert without_values(warning) == kept


def test_a_warning_counts_the_events_that_became_final_and_each_once():
    made = attempt("at_1", "pi_1", (3, 4, 5, 6), (3, 4))
    warned = {3: ("lines[0] odd", "lines[1] odd", "other"), 4: ("lines[7] odd",), 5: ("lines[0] odd",)}
    made = msgspec.structs.replace(made, warnings=warned)
    found = {notice.sentence: notice.count for notice in warnings_of(made, [3, 4, 6])}
    assert found == {"lines[] odd": 2, "other": 1}


def test_a_replay_counts_no_warning_again():
    made = msgspec.structs.replace(attempt("at_1", "pi_1", (3,), (3,)), warnings={3: ("odd",)}, run_id="run_1")
    assert warnings_of(made, [3]) == ()


def test_drift_is_one_sentence_whatever_the_numbers_and_holds_no_secret():
    told = [drift_of("pi_1", f"{n} of {n + 1} failed for s3cret-key", frozenset({"s3cret-key"}), 5) for n in (1, 20)]
    assert [one.sentence for one in told] == ["n of n failed for ***"] * 2
