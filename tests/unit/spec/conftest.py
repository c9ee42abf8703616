import pytest

from datafly.model.event import Event
from datafly.spec.nodes import Making
from datafly.spec.scope import Scope


@pytest.fixture
def read():
    """The value of a node for an event of these fields, and the warnings."""

    def run(node, *, line=None, making=None, **fields):
        given = {
            "message_id": "m",
            "type": "track",
            "pipeline_id": "pl",
            "key": "k",
            "timestamp_ms": 0,
            "received_ms": 0,
        }
        scope = Scope(Event(**{**given, **fields}), 0)
        if line is not None:
            scope.lines, scope.line = [line], line
        run.scope = scope
        return node.build(making or Making())(scope)

    return run
