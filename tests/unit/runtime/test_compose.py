import pytest

from datafly import catalog
from datafly.model.errors import Invalid
from datafly.runtime.compose import sandbox_url
from datafly.runtime.installations import OperatorsCatalog
from datafly.settings import Settings
from datafly.spec.config import validate_config
from datafly.spec.setting import Address


@pytest.mark.parametrize(
    ("host", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("10.1.2.3", "10.1.2.3")],
)
def test_the_sandbox_is_reached_at_an_address_that_can_be_called(host, reached):
    assert sandbox_url(Settings(host=host, sandbox_port=8090)) == f"http://{reached}:8090"


def addressed():
    """Each vendor with an address that must be given, and a config without it."""
    for one in catalog.all():
        needed = [each.name for each in one.settings if isinstance(each, Address) and each.must_be_given]
        given = {each.name: each.example for each in one.settings if each.must_be_given and each.name not in needed}
        if needed:
            yield one, given


def test_in_the_demo_an_address_that_must_be_given_may_be_left_empty_and_is_the_sandboxs():
    found = list(addressed())
    assert found
    settings = Settings(demo=True, host="127.0.0.1", sandbox_port=8090)
    for vendor, given in found:
        with pytest.raises(Invalid, match="is required"):
            validate_config(OperatorsCatalog(Settings()).get(vendor.slug), "default", vendor.delivery_modes[0], given)
        told = OperatorsCatalog(settings).get(vendor.slug)
        validate_config(told, "default", vendor.delivery_modes[0], given)
        defaults = {one.default for one in told.settings if isinstance(one, Address)}
        assert defaults == {f"http://127.0.0.1:8090/{vendor.slug}"}
    assert [one.slug for one in OperatorsCatalog(settings).all()] == [one.slug for one in catalog.all()]


def test_in_the_demo_a_vendor_that_is_its_sandbox_says_so_first_and_where_its_panel_is():
    settings = Settings(demo=True, host="127.0.0.1", sandbox_port=8090)
    sandboxed = [one for one in catalog.all() if any(isinstance(each, Address) for each in one.settings)]
    assert sandboxed
    for vendor in (OperatorsCatalog(settings).get(one.slug) for one in sandboxed):
        first, *others = vendor.prerequisites
        assert first.text.endswith(f" in its panel: http://127.0.0.1:8090/{vendor.slug}/panel")
        assert tuple(others) == OperatorsCatalog(Settings()).get(vendor.slug).prerequisites
