"""What every store promises of templates: where they are installed, and what is left of those that are removed."""

import msgspec
import pytest

from datafly.model.errors import Conflict, Invalid, NotFound
from datafly.model.installation import Installation, Pipeline, Revision
from datafly.model.secret import MASK, Secret
from datafly.store import SqlStore
from datafly.testing.store_suite import StoreFixtures, integration


class TemplateSuite(StoreFixtures):
    def test_a_template_is_attached_to_another_pipeline_at_one_of_its_revisions(
        self, store: SqlStore, pipeline: Pipeline
    ) -> None:
        other = store.control.create_pipeline(Pipeline(id="", name="Other", slug="", pipeline_key=""))
        template, revision, _ = integration(pipeline.id)
        store.control.install(template, revision, [])
        there = Installation("pi_there", other.id, template, revision, start={0: 3}, paused=True)
        store.control.attach(there)
        kept = store.control.installation("pi_there")
        assert (kept.pipeline_id, kept.revision.id, kept.start, kept.paused) == (other.id, revision.id, {0: 3}, True)
        stranger = msgspec.structs.replace(revision, id="rev_of_another")
        with pytest.raises(Invalid):
            store.control.attach(Installation("pi_x", other.id, template, stranger))

    def test_one_that_is_installed_is_not_removed_and_says_where(
        self, store: SqlStore, installed: Installation
    ) -> None:
        with pytest.raises(Conflict, match="installed on Default") as raised:
            store.control.remove_template(installed.template.id)
        assert raised.value.code == "INSTALLED"
        assert raised.value.details == {"pipeline_integrations": [installed.id]}
        assert store.control.template(installed.template.id) == installed.template

    def test_a_removed_one_is_gone_and_its_secrets_with_it_but_what_was_sent_by_it_keeps_its_revision(
        self, store: SqlStore, installed: Installation
    ) -> None:
        template_id = installed.template.id
        store.control.revise(installed.id, Revision(id="", template_id="", number=0, config={"key": Secret("new")}))
        store.control.change_installation(installed.id, {"removed_ms": 5, "end": {0: 9}})
        template = store.control.template(template_id)
        with pytest.raises(Conflict):
            store.control.remove_template(template_id, if_match="stale")
        assert store.control.remove_template(template_id, if_match=store.control.etag(template)) == template
        assert store.control.templates() == []
        empty = Revision(id="", template_id="", number=0, config={})
        for ask in (
            store.control.template,
            store.control.revisions,
            store.control.remove_template,
            lambda one: store.control.add_revision(one, empty),
            lambda one: store.control.change_template(one, {"name": "Another"}),
        ):
            with pytest.raises(NotFound):
                ask(template_id)
        first = store.control.revision(installed.revision.id)
        assert first.config == {"api_key": MASK, "partner_name": "myco", "nested": {"more": [MASK]}}
        (former,) = store.control.installations(removed=True)
        assert (former.name, former.revision.number, former.revision.config) == ("Insider", 2, {"key": MASK})
