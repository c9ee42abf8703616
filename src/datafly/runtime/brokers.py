"""The log on Kafka, as the settings have it. Imported only where they do: the client is an extra, and not small."""

from datafly.log.kafka import KafkaLog, Place
from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.settings import Settings

_SCHEME = "kafka://"


def open_kafka(settings: Settings) -> KafkaLog:
    return KafkaLog(place_of(settings))


def place_of(settings: Settings) -> Place:
    """Raises `OperatorError` where the settings do not fit together."""
    return Place(
        servers=settings.log_url.removeprefix(_SCHEME).rstrip("/"),
        prefix=settings.kafka_prefix,
        partitions=settings.kafka_partitions,
        replication=settings.kafka_replication,
        min_insync=settings.kafka_min_insync,
        client={**_security(settings), **_further(settings)},
    )


def _security(settings: Settings) -> dict[str, str | Secret]:
    files = {
        "ssl.ca.location": settings.kafka_ca_file,
        "ssl.certificate.location": settings.kafka_cert_file,
        "ssl.key.location": settings.kafka_key_file,
    }
    for name, file in files.items():
        if file is not None and not file.is_file():
            raise OperatorError(f"{file} cannot be read: it shall be the {name} of the connection to the brokers.")
    given: dict[str, str | Secret | None] = {
        "security.protocol": settings.kafka_security,
        **{name: str(file) for name, file in files.items() if file is not None},
        "ssl.key.password": settings.kafka_key_password,
        **(_login(settings) if settings.kafka_security.startswith("sasl") else {}),
    }
    return {name: value for name, value in given.items() if value is not None}


def _login(settings: Settings) -> dict[str, str | Secret | None]:
    named = settings.kafka_user and settings.kafka_password is not None
    if not named and settings.kafka_mechanism != "OAUTHBEARER":
        raise OperatorError(
            f"kafka_security is {settings.kafka_security}, so kafka_user and kafka_password must be set too."
        )
    return {
        "sasl.mechanism": settings.kafka_mechanism,
        "sasl.username": settings.kafka_user or None,
        "sasl.password": settings.kafka_password,
    }


def _further(settings: Settings) -> dict[str, Secret]:
    text = settings.kafka_properties.reveal() if settings.kafka_properties else ""
    pairs = [one.partition("=") for one in text.split(";") if one.strip()]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        raise OperatorError("kafka_properties must be NAME=VALUE, separated by semicolons.")
    return {name.strip(): Secret(value.strip()) for name, _, value in pairs}
