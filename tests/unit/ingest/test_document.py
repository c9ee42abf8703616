import json

from datafly.ingest.codes import Code
from datafly.ingest.document import MOST_EVENTS, PATH, document
from datafly.ingest.paths import DOORS
from datafly.ingest.settings import GatewaySettings


def operations():
    return {path: operation for path, item in document()["paths"].items() for operation in item.values()}


def test_every_door_is_in_the_document():
    assert {door.path for door in DOORS} <= set(operations())


def test_every_operation_has_a_name_of_its_own():
    names = [operation["operationId"] for operation in operations().values()]
    assert len(set(names)) == len(names)


def test_every_code_is_told_of_an_answer_of_its_status():
    told = {}
    for name, answer in document()["components"]["responses"].items():
        for shape in answer.get("content", {}).values():
            error = shape.get("schema", {}).get("properties", {}).get("error", {})
            for code in error.get("properties", {}).get("code", {}).get("enum", ()):
                told.setdefault(code, set()).add(int(name.removeprefix("Refusal").partition("_")[0]))
    beside = {"NOT_BUILT", "NO_PIPELINE"}  # of the collector and of the shop, which are no part of this API
    assert told == {code.name: {code.status} for code in Code if code.name not in beside}


def test_the_document_says_the_limit_that_holds():
    assert GatewaySettings().max_batch_events == MOST_EVENTS


def test_every_reference_leads_somewhere():
    parts = json.dumps(document()).split('"$ref": "#/components/')[1:]
    for reference in {part.split('"')[0] for part in parts}:
        kind, name = reference.split("/")
        assert name in document()["components"][kind]


def test_the_document_is_served_to_pages_of_every_origin(gate):
    answer = gate.http.get(PATH, headers={"origin": "https://docs.example"})

    assert answer.json() == document()
    assert answer.headers["access-control-allow-origin"] == "https://docs.example"
