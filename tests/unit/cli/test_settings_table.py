import json

import pytest

from datafly.cli.settings import as_json, as_table
from datafly.settings import find, table

VARIABLES = [row.variable for row in table()]


@pytest.fixture
def found():
    return find({"gateway_port": "9080"}, {"DATAFLY_HOST": "::1", "DATAFLY_ENCRYPTION_KEY": "hidden"})[1]


def test_every_setting_has_one_line_with_its_value_and_where_it_came_from(found):
    head, *lines = as_table(found, None).splitlines()
    assert head.split(maxsplit=3) == ["setting", "value", "from", "what it is for"]
    assert [line.split()[0] for line in lines] == VARIABLES
    shown = {line.split()[0]: line.split()[1:3] for line in lines}
    assert shown["DATAFLY_GATEWAY_PORT"] == ["9080", "flag"]
    assert shown["DATAFLY_HOST"] == ["::1", "environment"]
    assert shown["DATAFLY_SANDBOX_PORT"] == ["8090", "default"]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_name_and_no_sentence_is_cut_on_any_terminal(found, width):
    drawn = as_table(found, width)
    assert [variable for variable in VARIABLES if variable not in drawn] == []
    words = " ".join(drawn.split())
    if width < 100:
        assert [row.sentence.text for row in table() if row.sentence.text not in words] == []


def test_a_terminal_that_is_wide_enough_is_not_overrun(found):
    assert max(map(len, as_table(found, 120).splitlines())) <= 120


def test_as_json_it_is_one_object_of_values_and_sources(found):
    shown = json.loads(as_json(found))
    assert list(shown) == VARIABLES
    assert shown["DATAFLY_GATEWAY_PORT"] == {"value": "9080", "source": "flag"}


@pytest.mark.parametrize("draw", [as_json, lambda found: as_table(found, 120)])
def test_a_secret_is_never_shown(found, draw):
    assert "hidden" not in draw(found)
    assert "***" in draw(found)
