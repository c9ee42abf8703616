import pytest

from datafly.model.errors import OperatorError
from datafly.model.installation import Pipeline
from datafly.runtime.prepare import open_the_store
from datafly.runtime.source import renew_signing_secret
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
