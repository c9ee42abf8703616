"""The mapping of an installation, and what of it may be changed, as the API shows them."""

import msgspec

from datafly.model.installation import Installation
from datafly.spec.config import complete_config
from datafly.spec.convert import CONVERTERS
from datafly.spec.faces.mapping import MappedEvent, mapped_events
from datafly.spec.integration import Integration
from datafly.spec.nodes import ROOTS
from datafly.spec.overriding import overridden
from datafly.spec.parameters import resolved_config, resolved_overrides


class PlaceView(msgspec.Struct, frozen=True):
    """Where a mapping may put a value. `fields`: the vendor's own names → the type of each. `own_names`: a pattern of
    names of one's own, null where there are none; `own_names_say` tells it in words.
    """

    path: str
    sentence: str
    fields: dict[str, str]
    own_names: str | None
    own_names_say: str | None


class TransformView(msgspec.Struct, frozen=True):
    name: str
    gives: str


class MappingView(msgspec.Struct, frozen=True):
    """`events`: with the overrides of the revision, those of types first as the definition has them. `lapsed`: entries
    of the overrides that have no effect, and why. The rest is what overrides may say.
    """

    revision_number: int
    events: tuple[MappedEvent, ...]
    lapsed: dict[str, str]
    places: tuple[PlaceView, ...]
    transforms: tuple[TransformView, ...]
    sources: tuple[str, ...]
    condition_variables: tuple[str, ...]


def mapping_view(integration: Integration, installation: Installation) -> MappingView:
    from datafly.spec.condition import VARIABLES  # noqa: PLC0415 - 7 MB that only who shows mappings pays for

    revision, parameters = installation.revision, installation.parameters
    resolved = resolved_config(revision.config, parameters)
    config = complete_config(integration, installation.template.variant, resolved, {})
    changed = overridden(integration, resolved_overrides(revision.overrides, parameters), config)
    places = integration.overridable.places if integration.overridable else ()
    return MappingView(
        revision_number=revision.number,
        events=mapped_events(changed.integration, config),
        lapsed={entry: problem.says for entry, problem in changed.lapsed.items()},
        places=tuple(
            PlaceView(one.path, one.sentence, one.fields, one.own_names or None, one.own_names_say or None)
            for one in places
        ),
        transforms=tuple(TransformView(name, one.says) for name, one in CONVERTERS.items()),
        sources=tuple(sorted(ROOTS)),
        condition_variables=VARIABLES,
    )
