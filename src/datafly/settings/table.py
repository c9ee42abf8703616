"""Every setting of Signal: name, type, default and sentence, written once.

The command line, the environment, `signal.toml`, `datafly settings` and the reference page all read this table.
Units are in the names.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from datafly.model.secret import Secret
from datafly.settings import forms


class Sentence(msgspec.Struct, frozen=True):
    """What a setting is for, in words for the person who sets it. `fixed`: others script against its name.

    `form` raises `ValueError` where a text does not have the form that it must have.
    """

    text: str
    fixed: bool = False
    least: float | None = None
    most: float | None = None
    form: Callable[[str], None] | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, parsed. A `Secret` is shown as `***`."""

    data_dir: Annotated[Path, Sentence("Folder of everything Signal keeps: log, store, keys.", fixed=True)] = Path(
        "./data"
    )
    host: Annotated[str, Sentence("Address that every port listens on.", fixed=True)] = "127.0.0.1"
    gateway_port: Annotated[
        int, Sentence("Port of the gateway: events, d.js, the demo shop.", fixed=True, least=1, most=65535)
    ] = 8080
    management_port: Annotated[int, Sentence("Port of the management API.", fixed=True, least=1, most=65535)] = 8084
    metrics_open: Annotated[
        bool,
        Sentence("Tell /metrics on the management port to whoever asks; else it takes an API token."),
    ] = False
    management_url: Annotated[
        str,
        Sentence(
            "Where browsers reach the management pages, such as https://signal.example.com, if a proxy stands before "
            "them; empty is http, this host and port.",
            form=forms.web_address,
        ),
    ] = ""
    gateway_url: Annotated[
        str,
        Sentence(
            "Where browsers and servers reach the gateway, such as https://events.example.com: pages and the API name "
            "it in what is to be copied. Empty is http, this host and port, where only this machine is listened to.",
            form=forms.web_address,
        ),
    ] = ""
    session_requests_per_minute: Annotated[
        int, Sentence("Calls of the management API that one log-in may make a minute; 0 is unlimited.", least=0)
    ] = 100
    token_requests_per_minute: Annotated[
        int, Sentence("Calls of the management API that one API token may make a minute; 0 is unlimited.", least=0)
    ] = 6_000
    oidc_issuer: Annotated[
        str,
        Sentence("Issuer of the OpenID Connect provider for single sign-on; empty is none.", form=forms.issuer),
    ] = ""
    oidc_client_id: Annotated[str, Sentence("What the provider knows Signal by.")] = ""
    oidc_client_secret: Annotated[Secret | None, Sentence("What Signal proves itself with to the provider.")] = None
    oidc_allowed_domains: Annotated[
        str,
        Sentence(
            "Domains of e-mail addresses, separated by commas, from which people come in by single sign-on without an "
            "invitation, as viewers."
        ),
    ] = ""
    oidc_role_claim: Annotated[
        str, Sentence("Claim of the provider, such as groups, that decides the role at every log-in; empty is none.")
    ] = ""
    oidc_roles: Annotated[
        str,
        Sentence(
            "What values of that claim stand for, such as signal-admins=admin, marketing=editor; the mightiest counts, "
            "and none is viewer.",
            form=forms.roles,
        ),
    ] = ""
    oidc_trust_email: Annotated[
        bool, Sentence("Believe an e-mail address of which the provider does not say that it was verified.")
    ] = False
    sandbox_port: Annotated[
        int, Sentence("Port of the vendor sandboxes (with demo, or alone).", fixed=True, least=1, most=65535)
    ] = 8090
    allow_private_endpoints: Annotated[
        bool,
        Sentence("Let integrations send to private and loopback addresses and over http; demo sets it.", fixed=True),
    ] = False
    private_hosts: Annotated[
        str,
        Sentence(
            "Hosts that integrations and alerts may be sent to although they are private or take plain http: names, "
            "addresses and networks, separated by commas, such as hooks.internal, 10.0.5.0/24.",
            form=forms.hosts,
        ),
    ] = ""
    encryption_key: Annotated[
        Secret | None,
        Sentence(
            "Key that seals vendor secrets in the store, 32 bytes as hex or base64; if absent, the file "
            "encryption.key in the data folder is used, made at first start.",
            fixed=True,
        ),
    ] = None
    store_url: Annotated[
        Secret | None,
        Sentence(
            "PostgreSQL database of the store, postgresql://USER:PASSWORD@HOST:5432/DATABASE; if absent, the store "
            "is a file of the data folder.",
            fixed=True,
        ),
    ] = None
    store_connections: Annotated[
        int, Sentence("How many connections to PostgreSQL a process opens at most.", least=2, most=1_000)
    ] = 10
    log_url: Annotated[
        str,
        Sentence(
            "Kafka brokers of the log, kafka://HOST:9092,HOST2:9092; empty is the embedded log, files of the data "
            "folder.",
            fixed=True,
            form=forms.brokers,
        ),
    ] = ""
    message_index: Annotated[
        bool,
        Sentence(
            "On Kafka: the management API learns from the log where each message id of the last day is, so that any "
            "event is found by it. Switch it off where more come in than one process reads.",
        ),
    ] = True
    kafka_prefix: Annotated[
        str,
        Sentence("What the names of topics, groups and transactions on the brokers begin with.", form=forms.topic),
    ] = "signal."
    kafka_partitions: Annotated[
        int,
        Sentence(
            "How many partitions each topic gets when it is made: so many processes of a role can share the work. "
            "It cannot be changed later.",
            least=1,
            most=10_000,
        ),
    ] = 12
    kafka_replication: Annotated[
        int, Sentence("How many brokers hold each partition, when its topic is made.", least=1, most=100)
    ] = 3
    kafka_min_insync: Annotated[
        int,
        Sentence(
            "How many of them must have an event before it counts as durable, when its topic is made.",
            least=1,
            most=100,
        ),
    ] = 2
    kafka_security: Annotated[
        Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"],
        Sentence("How brokers are spoken to: ssl encrypts, sasl logs in."),
    ] = "plaintext"
    kafka_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"],
        Sentence("How to log in to brokers; OAUTHBEARER takes its settings from kafka_properties."),
    ] = "PLAIN"
    kafka_user: Annotated[str, Sentence("Name to log in to brokers with.")] = ""
    kafka_password: Annotated[Secret | None, Sentence("Password for the brokers.")] = None
    kafka_ca_file: Annotated[
        Path | None, Sentence("Certificates (PEM) by which brokers are believed; if absent, those of the system.")
    ] = None
    kafka_cert_file: Annotated[
        Path | None, Sentence("Certificate (PEM) by which Signal shows brokers who it is, where they ask for one.")
    ] = None
    kafka_key_file: Annotated[Path | None, Sentence("Private key (PEM) of that certificate.")] = None
    kafka_key_password: Annotated[Secret | None, Sentence("Password of that key, if it has one.")] = None
    kafka_properties: Annotated[
        Secret | None,
        Sentence(
            "Further properties of the client (librdkafka), NAME=VALUE separated by semicolons; they count before "
            "what the settings above make of them."
        ),
    ] = None
    health_port: Annotated[
        int,
        Sentence(
            "Port on which a role that runs alone tells whether it lives (/livez), whether it can do its work "
            "(/readyz), and its metrics (/metrics); 0 is 8081 for gateway, 8082 for processor, 8083 for delivery, 8085 "
            "for management.",
            least=0,
            most=65535,
        ),
    ] = 0
    drain_seconds: Annotated[
        float,
        Sentence(
            "How long a role that runs alone may take to end what it has begun once it is asked to (SIGTERM); then it "
            "is cut off. `datafly up` takes under five seconds.",
            least=1,
            most=3_600,
        ),
    ] = 25.0
    spool_bytes: Annotated[
        int,
        Sentence(
            "How much a gateway keeps on its own disk of events that Kafka's brokers do not take just now; what would "
            "be more is answered 503.",
            least=1_000_000,
        ),
    ] = 1_000_000_000
    demo: Annotated[bool, Sentence("Run the vendor sandboxes and the demo shop, and send to the sandboxes.")] = False
    smtp_host: Annotated[str, Sentence("Mail server that alerts are sent by; empty sends no mail.")] = ""
    smtp_port: Annotated[int, Sentence("Port of the mail server.", least=1, most=65535)] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        Sentence("How the way to the mail server is secured; none is for one on this machine."),
    ] = "starttls"
    smtp_user: Annotated[str, Sentence("Name to log in to the mail server with; empty does not log in.")] = ""
    smtp_password: Annotated[Secret | None, Sentence("Password for the mail server.")] = None
    smtp_from: Annotated[str, Sentence("Address that alerts are sent from, such as signal@example.com.")] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Sentence("The least severe log line that is written.")
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "text"], Sentence("Log lines as JSON or text; auto is text on a terminal.")
    ] = "auto"
    log_attempts: Annotated[
        Literal["auto", "all", "failed", "none"],
        Sentence("Which requests to vendors have a log line, with all that is known of each; auto is all in JSON."),
    ] = "auto"
    trace_url: Annotated[
        str,
        Sentence(
            "Where traces are sent by OTLP over HTTP, such as http://localhost:4318/v1/traces; empty traces nothing.",
            form=forms.collector,
        ),
    ] = ""
    trace_ratio: Annotated[
        float,
        Sentence(
            "Share of the requests to the gateway that is traced, of those that do not say by a traceparent of theirs.",
            least=0,
            most=1,
        ),
    ] = 0.01
    trace_headers: Annotated[
        Secret | None,
        Sentence("What the collector of traces asks for: headers as NAME=VALUE, separated by commas."),
    ] = None
    cookie_domain: Annotated[
        str, Sentence("Domain of the _dfid cookie; empty ties it to the gateway's own host.", form=forms.domain)
    ] = ""
    trusted_proxies: Annotated[
        str,
        Sentence(
            "Addresses or networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed; "
            "* believes whoever connects.",
            form=forms.networks,
        ),
    ] = ""
    body_timeout_seconds: Annotated[
        float, Sentence("How long a request's body may take to arrive at the gateway.", least=0.1)
    ] = 30.0
    gateway_buffer_bytes: Annotated[
        int,
        Sentence(
            "How much a gateway process holds at most of requests that arrive or wait to be durable; what would be "
            "more is answered 503.",
            least=16_777_216,
        ),
    ] = 268_435_456
    gateway_connections: Annotated[
        int, Sentence("How many connections a gateway process keeps open; who comes beyond is answered 503.", least=1)
    ] = 5_000
    retention_hours: Annotated[
        float,
        Sentence("How long events stay in the log; never shorter than a cursor needs them.", least=0.01, most=876_000),
    ] = 168.0
    retention_bytes: Annotated[
        int,
        Sentence(
            "How large the log of one stream may grow before its oldest segments go; 0 is unlimited. "
            "What an installation that lags had not read then ends EXHAUSTED.",
            least=0,
        ),
    ] = 0
    attempts_hours: Annotated[
        float, Sentence("How long requests, replies and verdicts can be looked up.", least=0.01, most=876_000)
    ] = 168.0
    erase_after_seconds: Annotated[
        float,
        Sentence(
            "How long after somebody is erased the vendors are asked to: what is on its way by then has arrived.",
            least=0,
            most=86_400,
        ),
    ] = 35.0
    refused_kept: Annotated[
        int,
        Sentence(
            "How many refused events of each code are kept for each pipeline, without their values, for as long as "
            "attempts_hours; 0 keeps none.",
            least=0,
            most=10_000,
        ),
    ] = 100
    segment_bytes: Annotated[int, Sentence("Size at which the log begins a new segment file.", least=65536)] = (
        256_000_000
    )
    gateway_workers: Annotated[
        int,
        Sentence(
            "How many processes take events on the gateway's port; worth it where one keeps a core busy. Linux alone.",
            least=1,
            most=32,
        ),
    ] = 1
    delivery_workers: Annotated[
        int,
        Sentence(
            "How many processes deliver, each its share of the users; worth it where one keeps a core busy.",
            least=1,
            most=32,
        ),
    ] = 1
    delivery_lanes: Annotated[
        int,
        Sentence(
            "Requests in flight at once for one installation, of each process that delivers; order holds in a lane.",
            least=1,
            most=64,
        ),
    ] = 4
    give_up_seconds: Annotated[
        float, Sentence("How long a record that fails alone is tried before it is a dead letter.", least=1)
    ] = 900.0
