import pytest

from datafly.model.event import Event
from datafly.spec.rule import compile_node
from datafly.spec.scope import Scope
from datafly.spec.source import Making


@pytest.fixture
def read():
    """The value of a node for an event of these fields, for each of `lines` if it has some; or the ruling."""

    def run(node, *, lines=None, making=None, **fields):
        given = {
            "message_id": "m",
            "type": "track",
            "pipeline_id": "pl",
            "key": "k",
            "timestamp_ms": 0,
            "received_ms": 0,
        }
        scope = Scope(Event(**{**given, **fields}), 0)
        scope.lines = lines
        run.scope = scope
        return compile_node(node, making or Making(lines=lines is not None))(scope)

    return run
