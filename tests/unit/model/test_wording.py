"""Whoever types a wrong text is told in words what is wanted."""

from pathlib import Path

import msgspec
import pytest

from datafly.management.app import create_management
from datafly.management.declared.shapes import DeclaredPipeline
from datafly.management.document import body_of, operations_of
from datafly.management.settings import ManagementSettings
from datafly.management.views.alert import AlertBody, ChannelBody
from datafly.management.views.pipeline import PipelineBody
from datafly.model.installation import JsBuilderConfig
from datafly.model.wording import wrong

BODIES = sorted(
    {body_of(one) for _, _, one in operations_of(create_management(ManagementSettings()))} - {None},
    key=lambda kind: kind.__name__,
)
SOURCE = Path(__file__).parents[3] / "src" / "datafly"


def told(model, value):
    with pytest.raises(msgspec.ValidationError) as found:
        msgspec.convert(value, model)
    return str(wrong(found.value, model))


@pytest.mark.parametrize(
    ("model", "value", "says"),
    [
        (ChannelBody, {"name": "a\nb", "kind": "webhook"}, "name: It must be one line of text"),
        (ChannelBody, {"name": "", "kind": "webhook"}, "name: It must not be empty"),
        (ChannelBody, {"name": "A", "kind": "pager"}, "kind: It must be webhook or email"),
        (ChannelBody, {"name": "A", "kind": "email", "to": ["ops"]}, "to[0]: It must be one e-mail address"),
        (JsBuilderConfig, {"script_filename": "a b.js"}, "a file name that ends in .js"),
        (JsBuilderConfig, {"global_variable": "9"}, "a name of JavaScript"),
        (JsBuilderConfig, {"endpoint": "ftp://x"}, "empty, or an http(s) address"),
        (
            DeclaredPipeline,
            {"js_builder_config": {"endpoint": "x"}},
            "js_builder_config.endpoint: It must be empty, or",
        ),
        (DeclaredPipeline, {"signing_secret": "in clear"}, "never the secret itself"),
        (ChannelBody, {"name": 5, "kind": "webhook"}, "name: It must be text, not a number"),
        (ChannelBody, {"kind": "webhook"}, "name: It is required"),
        (ChannelBody, [], "It must be an object, not a list"),
        (ChannelBody, {"name": "A", "kind": "email", "to": "ops@x.de"}, "to: It must be a list, not text"),
        (PipelineBody, {"name": "A", "rate_limit_rps": 1.5}, "a whole number, not a number with decimals"),
        (PipelineBody, {"name": "A", "parameters": {"a": 1}}, "parameters[...]: It must be text, not a number"),
        (PipelineBody, {"name": "A", "type": "x"}, "type: It must be one of app, server, web"),
        (AlertBody, {"name": "A", "window_seconds": 10**6}, "window_seconds: It must be at most 86,400"),
        (
            JsBuilderConfig,
            {"colour": 1},
            "colour: There is no such field; there may be script_filename, global_variable",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_in_words(model, value, says):
    assert says in told(model, value)


ODD = [None, True, 0, -1, 10**12, 0.5, "", "x", "x" * 70_000, [], ["x"], [1], [{}], {}, {"a": 1}, {"a": {"a": []}}]


def faults(model):
    for name in (field.encode_name for field in msgspec.structs.fields(model)):
        for value in ODD:
            try:
                msgspec.convert({name: value}, model)
            except msgspec.ValidationError as error:
                yield wrong(error, model).says


@pytest.mark.parametrize("model", BODIES, ids=lambda kind: kind.__name__)
def test_no_body_however_odd_is_told_in_the_words_of_a_program(model):
    for says in faults(model):
        assert says.startswith(("It must ", "It is required", "There is no such field; there may be ", "A name in it "))
        assert not set("`^\\") & set(says), says
        assert not {"datetime", "str", "int"} & set(says.split()), says


def test_every_pattern_of_a_shape_has_words():
    files = [path for path in SOURCE.rglob("*.py") if path.name != "wording.py"]
    bare = [path.name for path in files if "Meta(pattern=" in path.read_text(encoding="utf-8").replace("\n", "")]
    assert bare == []
