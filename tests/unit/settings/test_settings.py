from pathlib import Path

import pytest

from datafly.model.errors import OperatorError
from datafly.settings import find, table


def test_the_fixed_names_have_their_documented_defaults():
    settings, found = find({}, {})
    fixed = {one.row.variable: one.shown() for one in found if one.row.sentence.fixed}
    assert fixed == {
        "DATAFLY_DATA_DIR": "./data",
        "DATAFLY_HOST": "127.0.0.1",
        "DATAFLY_GATEWAY_PORT": "8080",
        "DATAFLY_MANAGEMENT_PORT": "8084",
        "DATAFLY_SANDBOX_PORT": "8090",
        "DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "false",
        "DATAFLY_ENCRYPTION_KEY": "",
        "DATAFLY_STORE_URL": "",
        "DATAFLY_LOG_URL": "",
    }
    assert settings.data_dir == Path("data")


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path):
    (tmp_path / "signal.toml").write_text("gateway_port = 1\nmanagement_port = 2\nsandbox_port = 3\n")
    environment = {"DATAFLY_GATEWAY_PORT": "11", "DATAFLY_MANAGEMENT_PORT": "12"}
    settings, found = find({"gateway_port": 21}, environment, tmp_path)
    assert (settings.gateway_port, settings.management_port, settings.sandbox_port) == (21, 12, 3)
    sources = {one.row.name: one.source for one in found}
    assert sources["gateway_port"] == "flag"
    assert sources["management_port"] == "environment"
    assert sources["sandbox_port"] == "signal.toml"
    assert sources["host"] == "default"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"DATAFLY_GATEWAY_PROT": "1"},
            "DATAFLY_GATEWAY_PROT is not a setting of Signal; did you mean DATAFLY_GATEWAY_PORT",
        ),
        ({"DATAFLY_GATEWAY_PORT": "many"}, "DATAFLY_GATEWAY_PORT: 'many' is not a whole number"),
        ({"DATAFLY_GATEWAY_PORT": "70000"}, "is more than 65535"),
        ({"DATAFLY_ALLOW_PRIVATE_ENDPOINTS": "maybe"}, "is neither true nor false"),
        ({"DATAFLY_LOG_LEVEL": "loud"}, "is none of debug, info, warning, error"),
        ({"DATAFLY_GIVE_UP_SECONDS": "nan"}, "is not a finite number"),
        ({"DATAFLY_RETENTION_HOURS": "inf"}, "is not a finite number"),
        ({"DATAFLY_RETENTION_HOURS": "1e15"}, "is more than 876000"),
        ({"DATAFLY_RETENTION_BYTES": "9" * 30}, "is more than 9223372036854775807"),
        ({"DATAFLY_TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, "holds 'proxy', which is neither an address"),
        ({"DATAFLY_COOKIE_DOMAIN": "example.com; Secure"}, "is no domain name"),
        (
            {"DATAFLY_PRIVATE_HOSTS": "hooks.internal, http://x"},
            "holds 'http://x', which is no name, address or network",
        ),
        ({"DATAFLY_PRIVATE_HOSTS": "10.0.0.300"}, "holds '10.0.0.300'"),
        ({"DATAFLY_LOG_URL": "kafka://host"}, "'kafka://host' is not of the form kafka://HOST:9092"),
        ({"DATAFLY_LOG_URL": "kafka://me:pw@host:9092"}, "DATAFLY_LOG_URL: its value is not of the form kafka://"),
        ({"DATAFLY_KAFKA_PREFIX": "a/b"}, "holds more than letters, digits"),
    ],
)
def test_an_unknown_or_malformed_setting_stops_with_a_sentence(environment, sentence):
    with pytest.raises(OperatorError) as stopped:
        find({}, environment)
    assert sentence in stopped.value.message


@pytest.mark.parametrize("text", ["gateway_prot = 1", "gateway_port = true", "gateway_port = ", "host = 3"])
def test_a_wrong_line_in_the_file_stops_with_a_sentence_that_names_the_file(tmp_path, text):
    (tmp_path / "signal.toml").write_text(text)
    with pytest.raises(OperatorError, match=r"signal\.toml"):
        find({}, {}, tmp_path)


def test_a_variables_name_in_the_file_is_told_the_name_that_the_file_takes(tmp_path):
    (tmp_path / "signal.toml").write_text("DATAFLY_GATEWAY_PORT = 1\n")
    with pytest.raises(OperatorError, match="did you mean gateway_port"):
        find({}, {}, tmp_path)


@pytest.mark.parametrize("flag", ["host", "data_dir", "encryption_key"])
def test_an_empty_flag_is_refused_where_empty_means_nothing(flag):
    with pytest.raises(OperatorError, match="is empty"):
        find({flag: ""}, {})


@pytest.mark.parametrize("proxies", ["", "*", "127.0.0.1", "10.0.0.0/8, fd00::/8", "10.0.0.1/8"])
def test_proxies_are_addresses_networks_or_everyone(proxies):
    assert find({"trusted_proxies": proxies}, {})[0].trusted_proxies == proxies


@pytest.mark.parametrize("hosts", ["", "hooks.internal", "localhost, 10.0.5.0/24", "fd12::/16, ::1, hooks.internal."])
def test_private_hosts_are_names_addresses_and_networks(hosts):
    assert find({}, {"DATAFLY_PRIVATE_HOSTS": hosts})[0].private_hosts == hosts


@pytest.mark.parametrize("domain", ["", "example.com", ".example.com", "localhost", "xn--caf-dma.example"])
def test_a_cookie_domain_is_a_domain_name(domain):
    assert find({"cookie_domain": domain}, {})[0].cookie_domain == domain


def test_a_secret_setting_is_never_shown_whole():
    secret = [row for row in table() if row.secret]
    _, found = find({}, {row.variable: "hunter2hunter2" for row in secret})
    assert {row.name for row in secret} >= {"encryption_key", "oidc_client_secret", "smtp_password"}
    assert {one.shown() for one in found if one.row.secret} == {"***"}


def test_demo_opens_private_endpoints_and_says_so():
    settings, found = find({"demo": True}, {})
    assert settings.allow_private_endpoints
    assert next(one.source for one in found if one.row.name == "allow_private_endpoints") == "demo"


def test_every_setting_has_a_sentence_that_ends_in_a_full_stop():
    assert all(row.sentence.text.endswith(".") for row in table())


@pytest.mark.parametrize("url", ["", "https://signal.example.com", "http://10.0.0.7:8084/"])
def test_the_address_of_the_pages_is_a_web_address_at_its_root(url):
    assert find({"management_url": url}, {})[0].management_url == url


@pytest.mark.parametrize("url", ["signal.example.com", "https://x/y", "ftp://x", "https://x?y", "https://u:p@x"])
def test_what_is_no_address_of_the_pages_is_refused(url):
    with pytest.raises(OperatorError, match="no address such as"):
        find({"management_url": url}, {})


@pytest.mark.parametrize("url", ["", "https://login.example.com/tenant", "http://localhost:9000"])
def test_an_issuer_is_https_or_on_this_machine(url):
    assert find({"oidc_issuer": url}, {})[0].oidc_issuer == url


@pytest.mark.parametrize("url", ["http://login.example.com", "login.example.com", "https://x?y=1"])
def test_what_is_no_issuer_is_refused(url):
    with pytest.raises(OperatorError, match="no address such as"):
        find({"oidc_issuer": url}, {})


def test_roles_of_single_sign_on_are_values_with_a_role():
    roles = "signal-admins=admin, cn=x=viewer"
    assert find({"oidc_roles": roles}, {})[0].oidc_roles == roles
    for wrong in ("admins", "admins=king", "=admin"):
        with pytest.raises(OperatorError, match="VALUE=ROLE"):
            find({"oidc_roles": wrong}, {})
