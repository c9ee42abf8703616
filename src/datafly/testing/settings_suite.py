"""What every store promises of how scripts are built and what is decided on consent."""

import pytest

from datafly.model.consent import ConsentSettings
from datafly.model.errors import Conflict, Invalid, NotFound
from datafly.model.installation import JsBuilderConfig, Pipeline
from datafly.store import SqlStore
from datafly.testing.store_suite import StoreFixtures


class SettingsSuite(StoreFixtures):
    def test_how_a_script_is_built_is_kept_and_its_name_is_one_pipeline_s(
        self, store: SqlStore, pipeline: Pipeline
    ) -> None:
        script = JsBuilderConfig(script_filename="shop.js", batch_size=20)
        changed = store.control.update_pipeline(pipeline.id, {"js_builder_config": script})
        assert store.control.pipeline(pipeline.id) == changed
        assert changed.js_builder_config == script
        other = store.control.create_pipeline(Pipeline(id="", name="Other", slug="", pipeline_key=""))
        with pytest.raises(Conflict) as raised:
            store.control.update_pipeline(other.id, {"js_builder_config": script})
        assert raised.value.details == {"field": "js_builder_config.script_filename"}
        store.control.update_pipeline(pipeline.id, {"js_builder_config": JsBuilderConfig()})
        assert store.control.update_pipeline(other.id, {"js_builder_config": script}).js_builder_config == script

    def test_what_is_decided_on_consent_is_kept_and_a_stale_decision_is_not(self, store: SqlStore) -> None:
        before = store.control.consent_settings()
        assert before == ConsentSettings()
        tag, version = store.control.etag(before), store.control.version()
        changed = store.control.change_consent_settings({"words": {"werbung": "marketing"}}, if_match=tag)
        assert store.control.consent_settings() == changed == ConsentSettings(words={"werbung": "marketing"})
        assert store.control.version() > version
        with pytest.raises(Conflict) as raised:
            store.control.change_consent_settings({"without_consent": "drop"}, if_match=tag)
        assert raised.value.code == "STALE"

    def test_what_no_database_can_hold_is_not_there_and_cannot_be_kept(self, store: SqlStore) -> None:
        with pytest.raises((NotFound, Invalid)):
            store.control.pipeline("pip_\x00")
        with pytest.raises((NotFound, Invalid)):
            store.control.alert_rule("\x00")
        assert store.control.consent_settings() == ConsentSettings()
