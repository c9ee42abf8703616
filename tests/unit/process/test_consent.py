"""What a visitor allows, whatever comes when."""

from hypothesis import given
from hypothesis import strategies as st

from datafly.process.consent import REFRESH_MS, Choice, Choices, Heard, decide, learn_choices, settle

CATEGORY = st.sampled_from(["marketing", "analytics"])
WORD = st.dictionaries(CATEGORY, st.booleans(), max_size=2)
MOMENT = st.integers(0, 10 * REFRESH_MS)
HISTORY = st.lists(st.tuples(WORD, MOMENT), max_size=8)


def learnt(history):
    chosen = None
    for received_ms, (own, happened_ms) in enumerate(history):
        chosen = learn_choices(chosen, own, happened_ms, received_ms)
    return chosen


def heard(own, chosen, defaults, happened_ms):
    return Heard(own, chosen, learn_choices(chosen, own, happened_ms, 99), defaults)


@given(HISTORY)
def test_the_newest_word_counts_in_whatever_order_words_come(history):
    chosen = learnt(history)
    for category in ("marketing", "analytics"):
        told = [(happened, own[category]) for own, happened in history if category in own]
        if told:
            newest = max(happened for happened, _ in told)
            clear = {granted for happened, granted in told if happened > newest - REFRESH_MS}
            assert chosen.by_category[category].granted in clear
        else:
            assert chosen is None or category not in chosen.by_category


def test_a_repeated_word_is_not_written_again_for_a_while():
    chosen = learn_choices(None, {"marketing": True}, 0, 1)
    assert learn_choices(chosen, {"marketing": True}, REFRESH_MS - 1, 2) is chosen
    refreshed = learn_choices(chosen, {"marketing": True}, REFRESH_MS, 3)
    assert refreshed == Choices({"marketing": Choice(granted=True, decided_ms=REFRESH_MS)}, 1)


def test_a_change_says_when_it_was_received():
    chosen = learn_choices(None, {"marketing": True}, 0, 1)
    assert learn_choices(chosen, {"marketing": False}, 5, 9).received_ms == 9


@given(WORD, HISTORY, st.one_of(st.just({}), WORD), MOMENT, st.booleans())
def test_a_word_that_only_repeats_the_last_is_settled_as_any_other(own, history, defaults, happened_ms, known):
    chosen = learnt(history)
    after = learn_choices(chosen, own, happened_ms, 99)
    long_way = (*decide(Heard(own, chosen, after, defaults, known), happened_ms), after)
    assert settle(own, chosen, defaults, (happened_ms, 99), known=known) == long_way


@given(WORD, HISTORY, WORD, MOMENT)
def test_nothing_is_granted_that_nobody_granted_and_a_later_denial_counts(own, history, defaults, happened_ms):
    chosen = learnt(history)
    consent, _ = decide(heard(own, chosen, defaults, happened_ms), happened_ms)
    for category, granted in consent.categories.items():
        said = [word[category] for word in (own, chosen.categories() if chosen else {}, defaults) if category in word]
        assert said
        later = chosen and chosen.by_category.get(category)
        denied_since = bool(later and not later.granted and later.decided_ms > happened_ms)
        assert granted == (said[0] and not denied_since)


@given(WORD, HISTORY, WORD, MOMENT)
def test_the_source_is_the_strongest_that_said_something(own, history, defaults, happened_ms):
    chosen = learnt(history)
    source = decide(heard(own, chosen, defaults, happened_ms), happened_ms)[0].source
    assert source == ("event" if own else "visitor" if chosen else "pipeline" if defaults else "")


@given(HISTORY, WORD)
def test_what_is_told_is_the_newest_word_and_a_change_is_told_once(history, defaults):
    chosen = None
    for own, happened_ms in history:
        one = heard(own, chosen, defaults, happened_ms)
        consent, _ = decide(one, happened_ms)
        before, after = (choices.categories() if choices else {} for choices in (chosen, one.after))
        assert consent.choices() == after
        assert {name: after[name] for name in consent.changed}.items() == after.items() - before.items()
        assert set(consent.withdrawn) == {name for name, granted in before.items() if granted and not after[name]}
        chosen = one.after
