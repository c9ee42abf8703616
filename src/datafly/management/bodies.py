"""Request bodies, read strictly: JSON of exactly the documented shape, or an error that names the field."""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.typing import FieldDefinition

from datafly.model.errors import CallerError, Invalid
from datafly.model.unique import is_unique, told_twice
from datafly.model.wording import wrong

V = TypeVar("V")
_MAX_PATH: Final = 200
_TOO_DEEP: Final = "The body is nested too deeply. Flatten it."


class Strict(AbstractDTO[V]):
    """`dto=Strict[Body]`: numbers are not read from text, unknown fields and what is told twice are refused."""

    @classmethod
    def generate_field_definitions(cls, _: type[Any]) -> Iterator[DTOFieldDefinition]:  # type: ignore[override]
        yield from ()

    @classmethod
    def detect_nested_field(cls, _: FieldDefinition) -> bool:
        return False

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """The body goes straight into its struct; there is no other model to make."""

    @classmethod
    def create_openapi_schema(cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any) -> Any:  # noqa: ARG003
        return schema_creator.for_field_definition(field_definition)

    def decode_bytes(self, value: bytes) -> Any:
        _require_json(self.asgi_connection.headers.get("content-type", ""))
        _require_unique(value, decode(value, Any))
        return decode(value, self.model_type)


def decode(body: bytes, model: type[V]) -> V:
    """Raises `CallerError` (400) where it is not JSON, `Invalid` (422) naming the field where its shape is wrong."""
    try:
        return msgspec.json.decode(body, type=model)
    except msgspec.ValidationError as error:
        raise _named(error, model) from error
    except UnicodeDecodeError as error:
        raise CallerError("The body is not UTF-8. Encode it as UTF-8.") from error
    except RecursionError as error:
        raise CallerError(_TOO_DEEP) from error
    except msgspec.DecodeError as error:
        said = str(error).removeprefix("JSON is malformed: ")
        raise CallerError(f"The body is not JSON: {said}. Send an object, as a JSON library writes it.") from error


def _require_unique(body: bytes, value: Any) -> None:
    """As the gateway has it: of two values nobody could say which was meant."""
    try:
        path = None if is_unique(body, value) else told_twice(body) or "body"
    except RecursionError as error:
        raise CallerError(_TOO_DEEP) from error
    if path is not None:
        field = path[:_MAX_PATH]
        raise CallerError(f"{field}: the key is told twice. Tell it once.", code="DUPLICATE_KEY", field=field)


def _require_json(content_type: str) -> None:
    media_type = content_type.split(";", maxsplit=1)[0].strip().lower()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        raise CallerError(f"Send application/json instead of {media_type}.", code="UNSUPPORTED_MEDIA_TYPE", status=415)


def _named(error: msgspec.ValidationError, model: Any) -> Invalid:
    found = wrong(error, model)
    return Invalid(f"{found.path or 'body'}: {found.says}.", field=found.path, problems={found.path: found.says})
