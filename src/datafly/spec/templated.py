"""A node whose value an installation's own template makes, see `spec.template`."""

from datafly.model.verdict import Ruling
from datafly.spec.nodes import Node
from datafly.spec.source import NOTHING, SCOPE, Making, Source
from datafly.spec.template import TOO_LARGE, Fault, read_template
from datafly.spec.words import Refusal


class Templated(Node, frozen=True, tag="templated"):
    setting: str
    refusal: Refusal

    def __str__(self) -> str:
        return f"what {self.setting} makes of it"

    def never(self, making: Making) -> bool:
        return not making.config.get(self.setting)

    def write(self, source: Source) -> str:
        text = source.making.config.get(self.setting)
        made = read_template(text) if text else Fault("is empty")
        if isinstance(made, Fault):
            return NOTHING
        ruling: Ruling = self.refusal.ruling(source.making.hints)
        found, large = source.name("templated"), source.bind(TOO_LARGE, "too_large")
        source.line(f"{found} = {source.bind(made.fill, 'fill')}({SCOPE})")
        source.line(f"if {found} is {large}: return {source.bind(ruling, 'ruling')}")
        return found


def templated(setting: str, refusal: Refusal) -> Templated:
    """What the template of the setting makes of the event; one of which it would make too much is not sent."""
    return Templated(setting, refusal)
