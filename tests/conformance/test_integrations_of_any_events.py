"""Whatever events come: no integration fails at them, and its sandbox takes what it makes, or is judged on why not."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from datafly import catalog
from datafly.model.consent import ConsentSettings
from datafly.model.event import Event
from datafly.model.installation import Installation, Revision, Template
from datafly.model.verdict import Verdict
from datafly.process.memory import Memory
from datafly.process.steps import Context
from datafly.runtime.preview import govern
from datafly.runtime.trying import answers, compile_for, room_of
from datafly.spec.config import validate_config
from datafly.spec.faces import example_config
from datafly.testing.batching import requests_for, require_kept

NOW_MS = 1_795_600_000_000
ROOMED = [one.slug for one in catalog.all() if room_of(one.slug)]

ODD = (
    "",
    " ",
    "🧀" * 300,
    "y" * 120_000,
    "null",
    "NaN",
    "1e400",
    "12,50",
    "€ 5",
    "0170 1234567",
    "x@y",
    "ZZZ",
    "\r\nX: y",
)
KINDS = (
    "+491701234567",
    "Jane@Example.com ",
    "EUR",
    "DE",
    "de-DE",
    "1990-02-30",
    "9999-12-31",
    "f",
    "SUBSCRIBED",
    "true",
)
NUMBERS = (0, -1, 101, 0.1, 1e308, 1e-320, 2**53 + 1, 2**64, 10**30, -0.0)
ATOMS = st.sampled_from([*ODD, *KINDS, *NUMBERS, True, False, None]) | st.text(max_size=6)
NESTED = st.recursive(
    ATOMS, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=4), of), max_leaves=4
)
DEEP = st.integers(9, 40).map(lambda levels: json.loads('{"k":' * levels + "1" + "}" * levels))
ANY = ATOMS | NESTED | DEEP

PRODUCT = {
    "product_id": "p1",
    "sku": "s1",
    "name": "Mug",
    "price": 10.5,
    "quantity": 2,
    "currency": "EUR",
    "category": "A",
}
ORDER = {
    "order_id": "o1",
    "total": 21,
    "checkout_id": "c1",
    "cart_id": "k1",
    "query": "mug",
    "coupon": "C",
    "discount": 1,
}
TRAITS = {
    "email": "jane@example.com",
    "phone": "+491701234567",
    "birthday": "1990-01-02",
    "gender": "f",
    "country": "DE",
}
WORDS = ("time", "event_name", "$x", "external_id", "push_tokens", "email_optin", "email_subscribe", "address", "tags")
NAMES = (
    "Product Viewed",
    "Product Added",
    "Checkout Started",
    "Order Completed",
    "Order Cancelled",
    "Own",
    "$odd",
    "x" * 200,
)
IDS = st.sampled_from(["u1", "u2", "jane@example.com", "undefined", "0", " a ", "ü/ü", "a:b"])


def told(good):
    """Mostly good values, and among them any."""
    odd = st.dictionaries(st.sampled_from([*good, *WORDS]), ANY, max_size=3)
    return st.builds(
        lambda found, drop: {**(good if not drop else {}), **found}, odd, st.integers(0, 4).map(lambda n: n == 4)
    )


PROPERTIES = st.builds(
    lambda whole, products: {**whole, "products": products},
    told(PRODUCT | ORDER),
    st.lists(told(PRODUCT), max_size=3) | ANY,
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "track", "track", "page", "identify", "group", "alias"]),
        "event": st.sampled_from(NAMES),
        "properties": PROPERTIES,
        "anonymousId": IDS,
    },
    optional={"userId": IDS, "traits": told(TRAITS), "groupId": IDS, "previousId": IDS, "name": st.sampled_from(NAMES)},
)


def governed(sent):
    """What of them the gateway and processing let through."""
    memory, context, consent = Memory(), Context({}, ConsentSettings()), {"marketing": True}
    for number, one in enumerate(sent):
        extra = {"messageId": f"m-{number}", "context": {"consent": consent, "traits": one.get("traits", {})}}
        made = govern(json.dumps({**one, **extra}).encode(), number, NOW_MS, context, memory)
        if isinstance(made, Event):
            yield made


def compiled(slug):
    one = catalog.get(slug)
    config = validate_config(one, one.variants[0].key, one.delivery_modes[0], example_config(one))
    template = Template("tmpl", one.name, slug, one.variants[0].key)
    return compile_for(room_of(slug), Installation("pi", "pip", template, Revision("rev", "tmpl", 1, config)))


def judged(made, requests, replies):
    for (batch, _), reply in zip(requests, replies, strict=True):
        judgement = made.judge(reply, batch.items())
        assert not judgement.drift
        yield from judgement.items or (judgement.whole,) * len(batch.units)


@pytest.mark.parametrize("slug", ROOMED)
def test_any_events_are_sent_or_refused_with_a_reason_and_nothing_fails(slug):
    made, verdicts = compiled(slug), set()

    @settings(
        max_examples=20,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(EVENTS, min_size=6, max_size=12))
    def holds(sent):
        events = list(governed(sent))
        require_kept(made, events)
        requests = requests_for(made, events).requests
        outgoing = [made.assemble(batch.items()) for batch, _ in requests]
        signed = [
            made.sign(one, batch.items(), NOW_MS) if made.sign else one
            for one, (batch, _) in zip(outgoing, requests, strict=True)
        ]
        replies = asyncio.run(answers(room_of(slug), signed, NOW_MS))
        found = list(judged(made, requests, replies))
        verdicts.update(ruling.verdict for ruling in found)
        assert all(ruling.cause and ruling.cure for ruling in found if ruling.verdict is Verdict.REJECTED)

    holds()
    assert Verdict.DELIVERED in verdicts
    assert verdicts <= {Verdict.DELIVERED, Verdict.REJECTED}
