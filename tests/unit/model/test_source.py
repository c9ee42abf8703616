import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datafly.ingest.webhook_mapping import find
from datafly.model.errors import Invalid
from datafly.model.secret import Secret
from datafly.model.source import Source, named, require_workable

STRIPE = Source("wh_1", "pip_1", "stripe", Secret("whsec"))
_NAMES = st.text(st.characters(exclude_characters=".[]", exclude_categories=["Cc", "Cs"]), min_size=1)
STEPS = st.lists(st.one_of(_NAMES, st.integers(0, 3)), min_size=1, max_size=6)


def with_path(path):
    return msgspec.structs.replace(STRIPE, mappings={"userId": path})


@given(STEPS)
def test_every_place_in_a_payload_has_a_path_that_is_taken_and_leads_there(steps):
    payload = "there"
    for step in reversed(steps):
        payload = {step: payload} if isinstance(step, str) else [None] * step + [payload]
    path = "$" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in steps)
    assert require_workable(with_path(path)).mappings == {"userId": path}
    assert find(payload, path) == "there"


@pytest.mark.parametrize("path", ["$.a", "a", "a.b[0].c", "$[0]", "[0].a", "a.[0]", ".a"])
def test_a_path_may_be_shorter(path):
    assert require_workable(with_path(path))


@pytest.mark.parametrize(
    "path", ["", "$", ".", "$.", "a.", "a..b", "a[*]", "a[b]", "a]", "a[0", "a\nb", "a" * 99_999 + "["]
)
def test_a_path_that_leads_nowhere_is_refused(path):
    with pytest.raises(Invalid, match="is no path"):
        require_workable(with_path(path))


NAMED = st.sets(st.sampled_from(["stripe", "stripe 2", "custom", "Till"]))
NAMELESS = st.lists(st.sampled_from(["stripe", "custom"]), max_size=4)


@given(NAMED, NAMELESS, st.randoms(use_true_random=False))
def test_no_source_is_lost_among_names_that_are_given_and_made(names, kinds, random):
    told = [("stripe", name) for name in names] + [(kind, "") for kind in kinds]
    random.shuffle(told)
    sources = [Source(f"wh_{at}", "pip_1", kind, name=name) for at, (kind, name) in enumerate(told)]
    called = named(sources)
    assert list(called.values()) == sources
    assert all(name == one.name for name, one in called.items() if one.name)
