import pytest

from datafly.runtime.compose import sandbox_url
from datafly.settings import Settings


@pytest.mark.parametrize(
    ("host", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("10.1.2.3", "10.1.2.3")],
)
def test_the_sandbox_is_reached_at_an_address_that_can_be_called(host, reached):
    assert sandbox_url(Settings(host=host, sandbox_port=8090)) == f"http://{reached}:8090"
