import pytest

from datafly import catalog
from datafly.model.errors import Invalid
from datafly.model.secret import MASK, Secret
from datafly.spec.compile import compile_integration
from datafly.spec.config import complete_config, masked_config, merge_config, validate_config
from datafly.spec.faces import catalog_entry, config_schema, example_config, install_schema
from datafly.spec.setting import Address, Choice, Flag, Names, Number, Option, Text
from datafly.spec.setting import Secret as SecretSetting

INSIDER = catalog.get("insider")
GOOD = {"api_key": "k" * 20, "partner_name": "myco"}


def wrong(config, *, variant="default", mode="server_side"):
    with pytest.raises(Invalid) as caught:
        validate_config(INSIDER, variant, mode, config)
    assert caught.value.status == 422
    return caught.value.details


@pytest.mark.parametrize(
    ("config", "field", "code"),
    [
        ({"partner_name": "myco"}, "config.api_key", "missing"),
        ({**GOOD, "api_key": None}, "config.api_key", "missing"),
        ({**GOOD, "api_key": ""}, "config.api_key", "empty"),
        ({**GOOD, "api_key": 7}, "config.api_key", "type"),
        ({**GOOD, "api_key": MASK}, "config.api_key", "masked"),
        ({**GOOD, "api_key": "a key\r\nX-Evil: 1"}, "config.api_key", "pattern"),
        ({**GOOD, "partner_name": "MyCo"}, "config.partner_name", "pattern"),
        ({**GOOD, "partner_name": "my co"}, "config.partner_name", "pattern"),
        ({**GOOD, "partner_name": ["myco"]}, "config.partner_name", "type"),
        ({**GOOD, "region": "eu"}, "config.region", "extra"),
        ({**GOOD, "base_url": "unification.useinsider.com"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://u:p@host"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://host?x=1"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://host/prefix?"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://host/prefix#"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://@host"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://host/prefix/.."}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://host\\prefix"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://host:0"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "ftp://host"}, "config.base_url", "url"),
        ({**GOOD, "base_url": "https://host:99999"}, "config.base_url", "url"),
    ],
)
def test_a_config_that_does_not_fit_is_refused_with_the_field_and_why(config, field, code):
    details = wrong(config)
    assert details["field"] == field
    assert details["codes"] == {field: code}
    assert field in details["problems"][field]


def test_everything_that_is_wrong_is_told_at_once_and_no_secret_is_repeated():
    details = wrong({"api_key": "sec ret", "partner_name": "MyCo", "x": 1}, variant="wholesale", mode="client_side")
    assert list(details["codes"]) == [
        "variant",
        "delivery_mode",
        "config.api_key",
        "config.partner_name",
        "config.x",
    ]
    assert "upper case" in details["problems"]["config.partner_name"]
    assert "sec ret" not in str(details)


def test_a_good_config_has_its_secrets_sealed_and_no_defaults_filled_in():
    config = validate_config(INSIDER, "default", "server_side", {**GOOD, "base_url": None})
    assert list(config) == ["api_key", "partner_name"]
    assert isinstance(config["api_key"], Secret)
    assert masked_config(INSIDER, config) == {"api_key": MASK, "partner_name": "myco"}
    again = validate_config(INSIDER, "default", "server_side", config)
    assert again["api_key"].reveal() == GOOD["api_key"]


def test_a_patch_changes_the_named_fields_keeps_masked_secrets_and_takes_away_what_is_null():
    old = validate_config(INSIDER, "default", "server_side", {**GOOD, "base_url": "https://proxy.example"})
    merged = merge_config(old, {"api_key": MASK, "partner_name": "other", "base_url": None})
    assert merged == {"api_key": old["api_key"], "partner_name": "other"}
    changed = merge_config(old, {"api_key": "new"})
    assert validate_config(INSIDER, "default", "server_side", changed)["api_key"].reveal() == "new"
    assert merge_config({}, {"api_key": MASK}) == {"api_key": MASK}, "there is no secret to keep: the check refuses it"


def test_the_config_wins_over_the_operators_defaults_and_those_over_the_settings():
    demo = {"base_url": "http://127.0.0.1:8090/insider"}
    assert complete_config(INSIDER, "default", GOOD, {})["base_url"] == "https://unification.useinsider.com"
    assert complete_config(INSIDER, "default", GOOD, demo)["base_url"] == demo["base_url"]
    own = {**GOOD, "base_url": "https://proxy.example"}
    assert complete_config(INSIDER, "default", own, demo)["base_url"] == "https://proxy.example"


def test_a_config_that_no_longer_fits_does_not_compile_and_a_setting_that_is_gone_does_no_harm():
    with pytest.raises(Invalid):
        compile_integration(INSIDER, {"partner_name": "myco"})
    compile_integration(INSIDER, {**GOOD, "gone": 1})


def test_the_schema_says_what_the_check_holds_to():
    schema = config_schema(INSIDER)
    assert schema["required"] == ["api_key", "partner_name"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["api_key"]["writeOnly"] is True
    assert schema["properties"]["base_url"]["default"] == "https://unification.useinsider.com"
    assert install_schema(INSIDER)["properties"]["variant"]["enum"] == [
        "default",
        "retail",
        "travel",
        "media",
    ]
    validate_config(INSIDER, "default", "server_side", example_config(INSIDER))


def test_the_catalogue_entry_has_the_fields_of_the_management_api():
    entry = catalog_entry(INSIDER)
    assert {"key", "name", "description", "category", "status", "website", "config_fields", "variants"} <= entry.keys()
    assert (entry["category"], entry["status"]) == ("marketing_automation", "alpha")
    shown = [(field["key"], field["type"], field["required"], field["advanced"]) for field in entry["config_fields"]]
    assert shown[:3] == [
        ("api_key", "secret", True, False),
        ("partner_name", "string", True, False),
        ("base_url", "string", False, True),
    ]
    assert ("forward_consent", "select", False, True) in shown
    assert ("registered_names", "names", False, True) in shown
    assert all(advanced and not required for _, _, required, advanced in shown[2:])


@pytest.mark.parametrize(
    ("setting", "good", "bad"),
    [
        (Text("a", "A."), "x", {"": "empty", 1: "type", "x" * 5000: "too_long"}),
        (SecretSetting("a", "A."), "x", {"": "empty", "x" * 5000: "too_long"}),
        (Flag("a", "A."), True, {1: "type", "true": "type"}),
        (Number("a", "A.", minimum=1, maximum=2), 1.5, {0: "minimum", 3: "maximum", True: "type", "1": "type"}),
        (Number("a", "A.", whole=True), 1, {1.5: "type"}),
        (Choice("a", "A.", options=(Option("x", "X."), Option("y", "Y."))), "y", {"z": "choice", 1: "choice"}),
        (Address("a", "A."), "http://127.0.0.1:8090/insider", {"": "url", 1: "type", "https://": "url"}),
    ],
)
def test_a_setting_takes_what_it_says_and_names_what_it_does_not_take(setting, good, bad):
    assert setting.problem(good) is None
    assert {value: setting.problem(value).code for value in bad} == bad
    assert setting.schema()["title"] == "A"
    assert setting.must_be_given


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([], None),
        (["plan", "tier"], None),
        ("plan", "type"),
        ([1], "type"),
        (["plan", " "], "empty"),
        (["p" * 256], "too_long"),
        (["p"] * 5_001, "too_long"),
    ],
)
def test_a_list_of_names_is_one(value, code):
    problem = Names("names", "N.").problem(value)
    assert (problem.code if problem else None) == code
