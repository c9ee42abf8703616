"""Whoever types a wrong text is told in words what is wanted."""

from pathlib import Path

import msgspec
import pytest

from datafly.management.declared.shapes import DeclaredPipeline
from datafly.management.views.alert import ChannelBody
from datafly.model.installation import JsBuilderConfig
from datafly.model.wording import in_words

SOURCE = Path(__file__).parents[3] / "src" / "datafly"


def told(model, value):
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.convert(value, model)
    return in_words(str(wrong.value).rsplit(" - at", 1)[0], model)


@pytest.mark.parametrize(
    ("model", "value", "says"),
    [
        (ChannelBody, {"name": "a\nb", "kind": "webhook"}, "It must be one line of text"),
        (ChannelBody, {"name": "", "kind": "webhook"}, "It must not be empty"),
        (ChannelBody, {"name": "A", "kind": "pager"}, "It must be webhook or email"),
        (ChannelBody, {"name": "A", "kind": "email", "to": ["ops"]}, "It must be one e-mail address"),
        (JsBuilderConfig, {"script_filename": "a b.js"}, "a file name that ends in .js"),
        (JsBuilderConfig, {"global_variable": "9"}, "a name of JavaScript"),
        (JsBuilderConfig, {"endpoint": "ftp://x"}, "empty, or an http(s) address"),
        (DeclaredPipeline, {"js_builder_config": {"endpoint": "x"}}, "empty, or an http(s) address"),
        (DeclaredPipeline, {"signing_secret": "in clear"}, "never the secret itself"),
        (ChannelBody, {"name": 5, "kind": "webhook"}, "Expected `str`, got `int`"),
    ],
)
def test_a_pattern_is_told_in_its_words_and_all_else_as_it_is(model, value, says):
    assert says in told(model, value)
    assert "regex" not in told(model, value)


def test_every_pattern_of_a_shape_has_words():
    files = [path for path in SOURCE.rglob("*.py") if path.name != "wording.py"]
    bare = [path.name for path in files if "Meta(pattern=" in path.read_text(encoding="utf-8").replace("\n", "")]
    assert bare == []
