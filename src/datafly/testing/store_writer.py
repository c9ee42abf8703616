"""A process of its own that writes to a store, so that suites can run several at once and kill them."""

import os
import signal
import sys
from typing import Any

import msgspec

from datafly.model.delivery import LIVE, Answer, Attempt, Outcome, Pending, SentRequest
from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.model.verdict import Ruling, Verdict
from datafly.store import Writing, open_store

KEY = Secret("11" * 32)
WIDTH = 10
"""Offsets that one writing makes final: the last one REJECTED, the others DELIVERED."""
SKIPPED = Ruling(Verdict.SKIPPED, "consent_marketing", "No consent.", "Ask for it.")
REJECTED = Ruling(Verdict.REJECTED, "bad_record")


def attempt(attempt_id: str, installation_id: str, offsets: tuple[int, ...], delivered: tuple[int, ...]) -> Attempt:
    return Attempt(
        id=attempt_id,
        installation_id=installation_id,
        revision_id="rev_1",
        revision_number=1,
        partition=0,
        offsets=offsets,
        delivered=delivered,
        started_ms=offsets[0],
        latency_ms=1.5,
        request=SentRequest("POST", "https://vendor.example/upsert", {"x-key": "***"}, '{"users": []}'),
        response=Answer(200, "{}"),
    )


def waiting(*offsets: int, lane: int = 0, run_id: str = LIVE) -> Pending:
    answer = Answer(503, "busy")
    return Pending("pi_1", 0, lane, offsets, 2, Ruling(Verdict.RETRY, "503"), answer, next_try_ms=9, run_id=run_id)


def numbered(installation_id: str, number: int) -> Writing:
    """The writing that makes `WIDTH` offsets final, from `number * WIDTH` on, and moves the mark behind them."""
    first = number * WIDTH
    offsets = tuple(range(first, first + WIDTH))
    made = attempt(f"at_{installation_id}_{number:06d}", installation_id, offsets, offsets[:-1])
    outcome = Outcome(installation_id, 0, offsets[-1], offsets[-1], REJECTED, decided_ms=first, attempt_id=made.id)
    return Writing(attempts=(made,), outcomes=(outcome,), marks=((installation_id, LIVE, 0, first + WIDTH),))


def main(task: str, place: str, *rest: str) -> None:
    """`default PLACE` tells the default pipeline; `write PLACE INSTALLATION COUNT` each writing once it is kept.

    `stop PLACE INSTALLATION` stops itself in the middle of its second writing (SIGSTOP), which takes back some of the
    first; `stop-as-owner …` as owner of partition 0.
    """
    # Before there is a connection, which keeps how to hand over what.
    stopping = _stopping(*rest) if task.startswith("stop") else None
    with open_store(place, encryption_key=KEY) as store:
        if task == "default":
            _tell(store.control.ensure_default_pipeline().id)
            return
        if stopping is not None:
            owned = {0: store.ledger.take_over(0)[0]} if task == "stop-as-owner" else None
            store.ledger.write([numbered(rest[0], 0)], owned=owned)
            store.ledger.write([stopping], owned=owned)
            return
        installation_id, count = rest
        for number in range(int(count)):
            store.ledger.write([numbered(installation_id, number)])
            if number % 5 == 0:
                name = f"{installation_id}-{number}"
                store.control.create_pipeline(Pipeline(id="", name=name, slug="", pipeline_key=""))
            _tell(str(number))


def _stopping(installation_id: str) -> Writing:
    """All that is its partition's is with the server already, but for the last of the lanes that are cleared."""
    from psycopg import adapters  # noqa: PLC0415 - only this task asks for a server
    from psycopg.types.string import StrDumper  # noqa: PLC0415

    class Stopping(str):
        __slots__ = ()

    class StoppingDumper(StrDumper):
        def dump(self, obj: str) -> Any:
            os.kill(os.getpid(), signal.SIGSTOP)
            return super().dump(obj)

    adapters.register_dumper(Stopping, StoppingDumper)
    cleared = ((installation_id, LIVE, 0, 0), (Stopping(installation_id), LIVE, 0, 1))
    late = Outcome(installation_id, 0, 0, 0, REJECTED, decided_ms=WIDTH)
    return msgspec.structs.replace(numbered(installation_id, 1), cleared=cleared, late=(late,))


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
