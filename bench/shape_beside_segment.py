"""Signal, Segment's published Insider mapping and a closure written by hand, in one run, on one core, in turns.

    python bench/shape_beside_segment.py

The mix is that of `shape_only.py`. Each way starts at the JSON of an event and ends at the bytes of a request: Signal
decodes, decides on consent, maps, encodes and assembles 500 to a request; Segment's own engine (its subscriptions with
their default mappings, a request client that sends nothing) takes the same events as its sources send them, one by one
as they come and in batches of 500; the closure knows this mix alone and is what Python can do. Where there is no Node,
Segment is left out, and that is said.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import shape_only

from datafly import catalog
from datafly.model.event import Event
from datafly.spec.compile import compile_integration
from datafly.spec.config import validate_config
from datafly.spec.faces import example_config

DIFFERENTIAL = Path(__file__).parents[1] / "tests/differential"
sys.path.insert(0, str(DIFFERENTIAL))

from beside.events import as_segment  # noqa: E402 - found by the line above
from beside.senders import SEGMENT, NoNode, node  # noqa: E402

SIGNAL, ONE, BATCH, BY_HAND = "signal", "segment_one_by_one", "segment_batches", "by_hand"
NAMES = {
    SIGNAL: "Signal",
    ONE: "Segment's mapping, one by one",
    BATCH: f"Segment's mapping, batches of {shape_only.BATCH}",
    BY_HAND: "a closure by hand",
}


class Segment:
    """The published mapping in a Node of its own, on our core: it runs while we wait."""

    def __init__(self, values):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".jsonl")  # noqa: SIM115 - closed with the process
        events = map(msgspec.json.Decoder(Event).decode, values)
        self.file.write("".join(json.dumps(as_segment(event)) + "\n" for event in events))
        self.file.flush()
        words = [node(), str(SEGMENT / "bench.cjs"), self.file.name, str(shape_only.BATCH)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def rate(self, way):
        self.process.stdin.write(f"{way}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["events_per_second"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.file.close()


def product(line, currency):
    price = float(line["price"])
    return {
        "product_id": line["product_id"],
        "name": line["name"],
        "taxonomy": [part.strip() for part in line["category"].split(">")],
        "currency": currency,
        "unit_price": price,
        "unit_sale_price": price,
        "quantity": line["quantity"],
        "url": line["url"],
    }


def viewed(properties):
    yield "product_detail_page_view", product(properties, properties["currency"])


def added(properties):
    group = {"event_group_id": properties["cart_id"]}
    yield "item_added_to_cart", {**group, **product(properties, properties["currency"])}


def ordered(properties):
    custom = {"order_total": properties["total"], "order_tax": properties["tax"]}
    for line in properties["products"]:
        params = {"event_group_id": properties["order_id"], **product(line, properties["currency"]), "custom": custom}
        yield "confirmation_page_view", params


BY_EVENT = {"Product Viewed": viewed, "Product Added": added, "Order Completed": ordered}


def user_by_hand(event):
    traits = event.traits or event.known_traits
    contact = {"email": traits["email"], "phone_number": traits["phone"]}
    custom = {"consent_marketing": event.consent.categories["marketing"]}
    user = {"identifiers": {"uuid": event.user_id, **contact}, "attributes": {**contact, "custom": custom}}
    user["not_append"] = True
    if event.type == "identify":
        custom = {"loyalty_tier": traits["loyalty_tier"], **custom}
        user["attributes"] = {**contact, "name": traits["first_name"], "custom": custom}
        return user
    made = BY_EVENT[event.event](event.properties)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event.timestamp_ms / 1000))
    user["events"] = [{"event_name": name, "timestamp": at, "event_params": params} for name, params in made]
    return user


def by_hand(values):
    decode, encode = msgspec.json.Decoder(Event).decode, msgspec.json.Encoder().encode
    began = time.perf_counter()
    for at in range(0, len(values), shape_only.BATCH):
        encode({"users": [user_by_hand(decode(value)) for value in values[at : at + shape_only.BATCH]]})
    return len(values) / (time.perf_counter() - began)


def alike(compiled, values):
    """How many of the mix the closure sends exactly as Signal does."""
    same = 0
    for value in values[:4]:
        event = msgspec.json.decode(value, type=Event)
        items = shape_only.shape_event(compiled, event, shape_only.NOW_MS)
        same += json.loads(compiled.assemble(items).body) == {"users": [user_by_hand(event)]}
    return same


def on_one_core():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    values = shape_only.records(options.events)
    integration = next(one for one in catalog.all() if one.slug == "insider")
    config = validate_config(integration, "default", "server_side", example_config(integration))
    compiled = compile_integration(integration, config)
    ways = {SIGNAL: lambda: shape_only.once(compiled, values), BY_HAND: lambda: by_hand(values)}
    left_out, segment = "", None
    try:
        node()
    except NoNode as missing:
        left_out = str(missing).splitlines()[0].rstrip(".:")
    on_one_core()
    if not left_out:
        segment = Segment(values)
        ways |= {ONE: lambda: segment.rate("one"), BATCH: lambda: segment.rate("batch")}
    rates = in_turns(ways, options.rounds)
    if segment:
        segment.close()
    tell(rates, left_out, alike(compiled, values))


def in_turns(ways, rounds):
    """Medians; the first round of each, in which engines warm up, does not count."""
    taken = [{name: way() for name, way in ways.items()} for _ in range(rounds + 1)][1:]
    return {name: round(statistics.median(one[name] for one in taken)) for name in ways}


def tell(rates, left_out, same):
    for name, words in NAMES.items():
        if name in rates:
            print(f"{words:<34} {rates[name]:>9,} events/s   {rates[name] / rates[SIGNAL]:6.2f} of Signal")
    if left_out:
        print(f"Segment's mapping is left out: {left_out}.")
    print(f"The closure sends {same} of the 4 events of the mix exactly as Signal does.")
    print(
        json.dumps({"bench": "shape_beside_segment", "events_per_second": rates, "left_out": left_out, "alike": same})
    )


if __name__ == "__main__":
    main()
