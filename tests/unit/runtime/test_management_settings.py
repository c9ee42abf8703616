import pytest

from datafly.model.errors import OperatorError
from datafly.model.secret import Secret
from datafly.runtime.roles.management import management_settings
from datafly.settings import Settings


def test_single_sign_on_is_as_it_was_set():
    settings = Settings(
        oidc_issuer="https://login.example.com",
        oidc_client_id="signal",
        oidc_client_secret=Secret("x"),
        oidc_allowed_domains="@Example.com, example.org",
        oidc_role_claim="groups",
        oidc_roles="admins=admin, cn=x=viewer",
    )
    oidc = management_settings(settings).oidc
    assert oidc.allowed_domains == ("example.com", "example.org")
    assert oidc.roles == (("admins", "admin"), ("cn=x", "viewer"))


def test_without_an_issuer_there_is_none():
    assert management_settings(Settings()).oidc is None


def test_an_issuer_without_client_stops_the_start():
    with pytest.raises(OperatorError, match="oidc_client_id"):
        management_settings(Settings(oidc_issuer="https://login.example.com"))


def test_proxies_and_bounds_are_handed_on():
    settings = Settings(trusted_proxies="10.0.0.1, 10.1.0.0/16", session_requests_per_minute=7)
    told = management_settings(settings)
    assert told.trusted_proxies == ("10.0.0.1", "10.1.0.0/16")
    assert told.session_requests_per_minute == 7
