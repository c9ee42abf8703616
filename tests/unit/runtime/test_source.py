import re

import pytest

from datafly.model.errors import Conflict, OperatorError
from datafly.model.installation import Pipeline
from datafly.model.secret import Secret
from datafly.runtime.prepare import open_the_store
from datafly.runtime.source import add_webhook, remove_source, renew_signing_secret, sources
from datafly.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


def kept(settings):
    with open_the_store(settings) as store:
        return store.control.sources()


def test_a_signing_secret_is_made_where_nothing_ever_ran_for_the_oldest_pipeline(settings):
    secret = renew_signing_secret(settings, "")

    (source,) = kept(settings)
    assert (source.secret, source.kind) == (secret, "events")
    assert secret.reveal().startswith("dsk_")
    assert len(secret.reveal()) > 40


def test_a_new_secret_ends_the_one_before(settings):
    first, second = renew_signing_secret(settings, ""), renew_signing_secret(settings, "default")

    assert first != second
    assert [source.secret for source in kept(settings)] == [second]


@pytest.mark.parametrize("named", ["id", "slug", "name"])
def test_a_pipeline_is_named_by_its_id_slug_or_name(settings, named):
    with open_the_store(settings) as store:
        store.control.ensure_default_pipeline()
        shop = store.control.create_pipeline(Pipeline(id="", name="The Shop", slug="", pipeline_key=""))
    renew_signing_secret(settings, getattr(shop, named))

    assert [source.pipeline_id for source in kept(settings)] == [shop.id]


def test_a_pipeline_that_does_not_exist_is_told_with_those_that_do(settings):
    renew_signing_secret(settings, "")
    with pytest.raises(OperatorError, match="no pipeline 'shop'; there are: default"):
        renew_signing_secret(settings, "shop")


def test_the_secret_is_not_readable_in_the_data_folder(settings):
    secret = renew_signing_secret(settings, "").reveal().encode()

    files = [file for file in settings.data_dir.rglob("*") if file.is_file()]
    assert files
    assert [file.name for file in files if secret in file.read_bytes()] == []


def test_a_webhook_source_is_added_listed_and_removed(settings):
    config = {"event_type_path": "$.type", "mappings": {"userId": "$.customer"}}
    source = add_webhook(settings, "stripe", pipeline="", config=config, secret=Secret("whsec_1"))

    assert source.id.startswith("wh_")
    assert sources(settings) == [source] == kept(settings)
    assert (source.mappings, source.secret) == ({"userId": "$.customer"}, Secret("whsec_1"))
    remove_source(settings, source.id)
    assert sources(settings) == []


@pytest.mark.parametrize(
    ("kind", "config", "secret", "said"),
    [
        ("paypal", {}, "x", "choose stripe, shopify, hubspot, custom"),
        ("stripe", {}, None, "needs the secret"),
        ("custom", {}, "x", "must name the header"),
        ("custom", {"verify": "maybe"}, "x", "verify: 'maybe'"),
        ("stripe", {"mappings": {"amount": "$.a"}}, "x", "an event has no amount"),
        ("stripe", {"mappings": {"userId": 5}}, "x", "cannot be like that"),
        ("stripe", {"mapping": {}}, "x", "mapping: There is no such field"),
        ("stripe", [], "x", "cannot be like that"),
    ],
)
def test_a_webhook_source_that_could_never_work_is_not_made(settings, kind, config, secret, said):
    with pytest.raises(OperatorError, match=re.escape(said)):
        add_webhook(settings, kind, pipeline="", config=config, secret=secret and Secret(secret))
    assert not settings.data_dir.exists()


def test_a_sender_that_is_let_in_on_the_word_of_nobody_needs_no_secret(settings):
    assert add_webhook(settings, "custom", pipeline="", config={"verify": "none"}, secret=None).secret is None


def test_who_may_post_is_on_record_without_the_secret(settings):
    secret = renew_signing_secret(settings, "")
    source = add_webhook(settings, "stripe", pipeline="", config={}, secret=Secret("whsec_1"))
    remove_source(settings, source.id)
    with open_the_store(settings) as store:
        noted = store.control.audit_log()
    assert [entry.action for entry in noted] == ["source.deleted", "source.created", "source.signing_secret_renewed"]
    assert secret.reveal() not in str(noted)
    assert "whsec_1" not in str(noted)


def test_a_webhook_source_has_a_name_of_its_own(settings):
    def named(name):
        return add_webhook(settings, "stripe", pipeline="", config={}, secret=Secret("whsec_1"), name=name).name

    assert [named("Payments"), named(""), named("")] == ["Payments", "stripe", "stripe 2"]
    with pytest.raises(Conflict, match="another webhook source named"):
        named("Payments")
    with pytest.raises(OperatorError, match="one line of text"):
        named("two\nlines")
