"""Shape only: from the bytes of an event in the log to the bytes of a request, on one core, no network, no disk.

    python bench/shape_only.py

The mix: identify, Product Viewed, Product Added, Order Completed with three lines. Each event is decoded, decided on
(consent), mapped and encoded; items are assembled 500 to a request. Prints a table, medians, and one line of JSON.
"""

import argparse
import json
import statistics
import time

import msgspec

from datafly import catalog
from datafly.model.consent import Consent
from datafly.model.event import Event
from datafly.shape import shape_event
from datafly.spec.compile import compile_integration
from datafly.spec.config import validate_config
from datafly.spec.faces.curl import example_config

NOW_MS = 1_795_600_000_000
BATCH = 500
TRAITS = {"email": "jane@example.com", "phone": "+447700900123", "first_name": "Jane", "loyalty_tier": "gold"}


def line(number):
    return {
        "product_id": f"SKU-{number}",
        "name": "Mug",
        "price": 12.5,
        "quantity": 2,
        "category": "Home > Kitchen",
        "url": "https://shop.example/mug",
    }


def mix():
    order = {"order_id": "ORD-9", "currency": "GBP", "total": 75.0, "tax": 5.0, "products": [line(n) for n in range(3)]}
    return [
        {"type": "identify", "traits": TRAITS},
        {"type": "track", "event": "Product Viewed", "properties": {**line(1), "currency": "GBP"}},
        {"type": "track", "event": "Product Added", "properties": {**line(2), "currency": "GBP", "cart_id": "c1"}},
        {"type": "track", "event": "Order Completed", "properties": order},
    ]


def records(count):
    made = []
    for number in range(count):
        fields = mix()[number % 4]
        user = f"user-{number % 1000}"
        made.append(
            msgspec.json.encode(
                Event(
                    message_id=f"m-{number}",
                    pipeline_id="pip",
                    key=user,
                    user_id=user,
                    timestamp_ms=NOW_MS,
                    received_ms=NOW_MS,
                    known_traits={} if fields["type"] == "identify" else TRAITS,
                    consent=Consent({"marketing": True}, "event"),
                    context={"page": {"url": "https://shop.example/", "title": "Shop"}, "locale": "en-GB"},
                    **fields,
                )
            )
        )
    return made


def once(compiled, values):
    decode = msgspec.json.Decoder(Event).decode
    began = time.perf_counter()
    items = []
    for value in values:
        shaped = shape_event(compiled, decode(value), NOW_MS)
        items.extend(shaped)
        if len(items) >= BATCH:
            compiled.assemble(items)
            items = []
    if items:
        compiled.assemble(items)
    return len(values) / (time.perf_counter() - began)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    values = records(options.events)
    rows = {}
    for integration in catalog.all():
        config = validate_config(integration, "default", "server_side", example_config(integration))
        compiled = compile_integration(integration, config)
        once(compiled, values[:2000])
        rows[integration.slug] = round(statistics.median(once(compiled, values) for _ in range(options.rounds)))
    for slug, rate in rows.items():
        print(f"{slug:<14} {rate:>10,} events/s")
    print(json.dumps({"bench": "shape_only", "events_per_second": rows}))


if __name__ == "__main__":
    main()
