"""What every store promises of its control plane and of its opening; the ledger's part is `testing.ledger_suite`.

Subclass it and give the fixture `place`: the URL or data directory of an empty store.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datafly.model.delivery import Replay
from datafly.model.errors import Conflict, Invalid, NotFound, OperatorError
from datafly.model.installation import Canary, Installation, Pipeline, Revision, Template
from datafly.model.overrides import NO_OVERRIDES, Overrides
from datafly.model.pii import NO_RULES, PiiRules
from datafly.model.secret import Secret
from datafly.model.source import SIGNING, Source
from datafly.store import SqlStore, open_store
from datafly.testing.clock import FakeClock

KEY = Secret("11" * 32)
OTHER_KEY = Secret("22" * 32)
VENDOR_SECRET = "whisper-a8f3-at-rest"  # noqa: S105 - looked for in the store's bytes

Open = Callable[[], SqlStore]


def integration(
    pipeline_id: str, name: str = "Insider", *, tag: str = "1", count: int = 1
) -> tuple[Template, Revision, list[Installation]]:
    """A template with its first revision and installations `pi_<tag>_0…`, ready to install."""
    template = Template(id=f"tmpl_{tag}", name=name, vendor="insider")
    config = {"api_key": Secret(VENDOR_SECRET), "partner_name": "myco", "nested": {"more": [Secret("deep-" + tag)]}}
    revision = Revision(id=f"rev_{tag}", template_id=template.id, number=1, config=config)
    installed = [
        Installation(id=f"pi_{tag}_{n}", pipeline_id=pipeline_id, template=template, revision=revision, start={0: 7})
        for n in range(count)
    ]
    return template, revision, installed


class StoreFixtures:
    """A store on a fake clock, and more connections to the same one by `opens`."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def opens(self, place: str | Path, clock: FakeClock) -> Iterator[Open]:
        opened: list[SqlStore] = []

        def open_one() -> SqlStore:
            opened.append(open_store(place, encryption_key=KEY, now_ms=clock.now_ms))
            return opened[-1]

        yield open_one
        for store in opened:
            store.close()

    @pytest.fixture
    def store(self, opens: Open) -> SqlStore:
        return opens()

    @pytest.fixture
    def pipeline(self, store: SqlStore) -> Pipeline:
        return store.control.ensure_default_pipeline()

    @pytest.fixture
    def installed(self, store: SqlStore, pipeline: Pipeline) -> Installation:
        template, revision, installations = integration(pipeline.id)
        store.control.install(template, revision, installations)
        return store.control.installation(installations[0].id)


class OpeningSuite(StoreFixtures):
    def test_what_was_written_is_there_after_reopening(self, opens: Open, installed: Installation) -> None:
        assert opens().control.installation(installed.id) == installed

    def test_a_store_of_another_key_is_refused_with_the_cure(self, opens: Open, place: str | Path) -> None:
        opens()
        with pytest.raises(OperatorError, match=r"another encryption key.*encryption\.key"):
            open_store(place, encryption_key=OTHER_KEY)

    def test_several_processes_open_an_empty_store_at_once(self, place: str | Path) -> None:
        command = [sys.executable, "-m", "datafly.testing.store_writer", "default", str(place)]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]  # noqa: S603
        told = {process.communicate()[0] for process in started}
        assert {process.returncode for process in started} == {0}
        assert len(told) == 1, "all saw the same default pipeline"


class PipelineSuite(StoreFixtures):
    def test_the_default_pipeline_is_made_once(self, store: SqlStore) -> None:
        first, again = store.control.ensure_default_pipeline(), store.control.ensure_default_pipeline()
        assert first == again == store.control.pipelines()[0]
        assert (first.name, first.slug, first.pipeline_key[:8]) == ("Default", "default", "dk_live_")

    def test_a_source_is_kept_with_its_secret_replaced_and_dropped(self, store: SqlStore, pipeline: Pipeline) -> None:
        before = store.control.version()
        first = store.control.put_source(Source("sig_1", pipeline.id, SIGNING, Secret(VENDOR_SECRET)))
        other = store.control.put_source(Source("sig_2", pipeline.id, SIGNING, Secret("b"), first.created_ms))
        assert store.control.sources() == [first, other]
        assert store.control.version() > before
        newer = store.control.put_source(Source("sig_1", pipeline.id, SIGNING, Secret("newer"), first.created_ms))
        assert store.control.sources()[0].secret == Secret("newer")
        assert store.control.etag(newer) == store.control.etag(store.control.sources()[0])
        assert store.control.etag(newer) != store.control.etag(first), "the secret is all that differs"
        assert store.control.drop_source("sig_1") == newer
        assert store.control.sources() == [other]

    def test_a_source_belongs_to_a_pipeline_and_what_is_not_there_cannot_be_dropped(self, store: SqlStore) -> None:
        with pytest.raises(NotFound):
            store.control.put_source(Source("sig_1", "pip_none", SIGNING, Secret("x")))
        with pytest.raises(NotFound):
            store.control.drop_source("sig_1")

    @pytest.mark.parametrize("field", ["name", "slug", "pipeline_key"])
    def test_a_second_pipeline_of_one_name_slug_or_key_is_a_conflict(
        self, store: SqlStore, pipeline: Pipeline, field: str
    ) -> None:
        fields = {"name": "Shop", "slug": "shop", "pipeline_key": "dk_live_x"} | {field: getattr(pipeline, field)}
        with pytest.raises(Conflict) as raised:
            store.control.create_pipeline(Pipeline(id="", **fields))
        assert raised.value.details == {"field": field}
        other = store.control.create_pipeline(Pipeline(id="", name="Other", slug="", pipeline_key=""))
        if field != "pipeline_key":
            with pytest.raises(Conflict):
                store.control.update_pipeline(other.id, {field: getattr(pipeline, field)})

    def test_a_change_is_kept_and_stamped(self, store: SqlStore, pipeline: Pipeline, clock: FakeClock) -> None:
        clock.jump(5)
        changes = {"consent_defaults": {"marketing": True}, "rate_limit_rps": 9, "domain_allowlist": ["a.example"]}
        changed = store.control.update_pipeline(pipeline.id, changes)
        assert store.control.pipeline(pipeline.id) == changed
        assert changed.consent_defaults == {"marketing": True}
        assert changed.domain_allowlist == ("a.example",)
        assert changed.updated_ms == pipeline.updated_ms + 5

    def test_rules_on_personal_data_are_kept_and_told_to_what_is_installed_until_there_are_none(
        self, store: SqlStore, pipeline: Pipeline
    ) -> None:
        rules = PiiRules(redact_fields=("traits.ssn",), raw_for=("insider",))
        store.control.update_pipeline(pipeline.id, {"pii_rules": rules})
        template, revision, (installed,) = integration(pipeline.id)
        store.control.install(template, revision, [installed])
        assert store.control.pipeline(pipeline.id).pii_rules == rules
        assert store.control.installation(installed.id).pii_rules == rules
        store.control.update_pipeline(pipeline.id, {"pii_rules": PiiRules()})
        assert store.control.pipeline(pipeline.id).pii_rules is NO_RULES
        assert store.control.installation(installed.id).pii_rules is NO_RULES

    @pytest.mark.parametrize("changes", [{"id": "x"}, {"pipeline_key": "x"}, {"nonsense": 1}, {"enabled": "yes"}])
    def test_what_cannot_be_changed_is_refused(
        self, store: SqlStore, pipeline: Pipeline, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(Invalid):
            store.control.update_pipeline(pipeline.id, changes)
        assert store.control.pipeline(pipeline.id) == pipeline

    def test_a_new_key_leaves_the_one_before_until_it_is_revoked(
        self, store: SqlStore, pipeline: Pipeline, clock: FakeClock
    ) -> None:
        renewed = store.control.renew_key(pipeline.id, expires_ms=clock.now_ms() + 5)
        (former,) = store.control.pipeline_keys()
        assert (former.pipeline_id, former.pipeline_key) == (pipeline.id, pipeline.pipeline_key)
        assert (former.replaced_ms, former.expires_ms) == (clock.now_ms(), clock.now_ms() + 5)
        assert renewed.pipeline_key != pipeline.pipeline_key
        assert store.control.pipeline(pipeline.id) == renewed
        assert store.control.ended_keys() == []
        assert store.control.revoke_key(pipeline.id, former.id) == former
        assert store.control.ended_keys() == [pipeline.pipeline_key]
        assert store.control.pipeline_keys() == []
        with pytest.raises(NotFound):
            store.control.revoke_key(pipeline.id, former.id)

    def test_a_removed_pipeline_frees_its_name_and_stays_for_what_was_on_it(
        self, store: SqlStore, pipeline: Pipeline
    ) -> None:
        store.control.install(*integration(pipeline.id))
        store.control.put_source(Source("wh_1", pipeline.id, "stripe", Secret("whsec")))
        store.control.renew_key(pipeline.id, expires_ms=None)
        with pytest.raises(Conflict) as raised:
            store.control.remove_pipeline(pipeline.id)
        assert raised.value.code == "HAS_INTEGRATIONS"
        store.control.change_installation("pi_1_0", {"removed_ms": 5, "end": {0: 9}})
        assert store.control.remove_pipeline(pipeline.id).name == pipeline.name
        assert pipeline.id not in [one.id for one in store.control.pipelines()]
        assert (store.control.sources(), store.control.pipeline_keys()) == ([], [])
        assert len(store.control.ended_keys()) == 2
        assert [one.pipeline_id for one in store.control.installations(removed=True)] == [pipeline.id]
        with pytest.raises(NotFound):
            store.control.remove_pipeline(pipeline.id)
        again = store.control.create_pipeline(Pipeline(id="", name=pipeline.name, slug="", pipeline_key=""))
        assert again.id != pipeline.id

    def test_a_stale_etag_is_a_conflict_and_changes_nothing(self, store: SqlStore, pipeline: Pipeline) -> None:
        seen = store.control.etag(pipeline)
        renamed = store.control.update_pipeline(pipeline.id, {"name": "Shop"}, if_match=seen)
        with pytest.raises(Conflict) as raised:
            store.control.update_pipeline(pipeline.id, {"name": "Late"}, if_match=seen)
        assert (raised.value.code, raised.value.status) == ("STALE", 412)
        assert store.control.pipeline(pipeline.id) == renamed

    def test_what_is_not_there_is_not_found(self, store: SqlStore) -> None:
        for ask in (store.control.pipeline, store.control.installation, store.control.latest_revision):
            with pytest.raises(NotFound):
                ask("nobody")
        with pytest.raises(NotFound):
            store.control.update_pipeline("nobody", {"name": "x"})


class InstallationSuite(StoreFixtures):
    def test_an_installation_comes_back_whole_with_its_secrets(
        self, store: SqlStore, installed: Installation, pipeline: Pipeline
    ) -> None:
        assert store.control.installations() == [installed]
        assert (installed.start, installed.pipeline_id, installed.vendor) == ({0: 7}, pipeline.id, "insider")
        assert installed.revision.config["api_key"] == Secret(VENDOR_SECRET)
        assert installed.revision.config["nested"]["more"] == [Secret("deep-1")]

    def test_a_name_in_use_is_a_conflict(self, store: SqlStore, installed: Installation) -> None:
        with pytest.raises(Conflict) as raised:
            store.control.install(*integration(installed.pipeline_id, tag="2"))
        assert raised.value.details == {"field": "name"}

    def test_a_name_is_free_again_when_its_last_installation_is_removed(
        self, store: SqlStore, pipeline: Pipeline, clock: FakeClock
    ) -> None:
        store.control.install(*integration(pipeline.id, count=2))
        for last in (False, True):
            removal = {"removed_ms": clock.now_ms(), "end": {0: 9}}
            gone = store.control.change_installation(f"pi_1_{int(last)}", removal)
            assert gone.end == {0: 9}
            if not last:
                with pytest.raises(Conflict):
                    store.control.install(*integration(pipeline.id, tag="2"))
        store.control.install(*integration(pipeline.id, tag="2"))
        assert [one.id for one in store.control.installations()] == ["pi_2_0"]
        assert len(store.control.installations(removed=True)) == 3

    def test_an_install_that_fails_leaves_nothing(self, store: SqlStore, pipeline: Pipeline) -> None:
        template, revision, (good, bad) = integration(pipeline.id, count=2)
        before = store.control.version()
        with pytest.raises(NotFound):
            store.control.install(template, revision, [good, _elsewhere(bad)])
        assert store.control.installations(removed=True) == []
        assert store.control.version() == before
        with pytest.raises(NotFound):
            store.control.revision(revision.id)
        store.control.install(template, revision, [good])

    def test_a_revision_is_pinned_here_only_and_the_one_before_stays_as_it_was(
        self, store: SqlStore, pipeline: Pipeline
    ) -> None:
        store.control.install(*integration(pipeline.id, count=2))
        here, there = (store.control.installation(f"pi_1_{n}") for n in range(2))
        added = Revision(id="", template_id="", number=0, config={"api_key": Secret("new")}, created_by="tok_1")
        revised = store.control.revise(here.id, added)
        assert (revised.revision.number, revised.revision.config) == (2, {"api_key": Secret("new")})
        assert store.control.installation(there.id) == there
        assert store.control.revision(here.revision.id) == here.revision
        assert store.control.latest_revision(here.template.id) == revised.revision

    def test_overrides_are_kept_with_their_revision(self, store: SqlStore, installed: Installation) -> None:
        changed = msgspec.convert({"events": {"page": {"enabled": False}}}, Overrides)
        revised = store.control.revise(
            installed.id, Revision(id="", template_id="", number=0, config={}, overrides=changed)
        )
        assert revised.revision.overrides == changed
        assert [one.overrides for one in store.control.revisions(installed.template.id)] == [changed, NO_OVERRIDES]
        assert store.control.template(installed.template.id) == installed.template

    def test_a_revision_is_kept_tried_pinned_and_unpinned(self, store: SqlStore, installed: Installation) -> None:
        empty = Revision(id="", template_id="", number=0, config={})
        draft = store.control.add_revision(installed.template.id, empty)
        assert store.control.installation(installed.id) == installed
        tried = store.control.try_out(installed.id, draft.id, 12.5)
        assert (tried.revision, tried.canary) == (installed.revision, Canary(draft, 12.5))
        assert store.control.etag(tried) != store.control.etag(installed)
        pinned = store.control.pin(installed.id, draft.id)
        assert (pinned.revision, pinned.canary) == (draft, None)
        assert pinned.former_revision_id == installed.revision.id
        back = store.control.pin(installed.id, pinned.former_revision_id)
        assert (back.revision, back.former_revision_id) == (installed.revision, draft.id)
        assert store.control.try_out(installed.id, None, 0.0).canary is None

    def test_a_revision_of_another_template_is_not_taken(self, store: SqlStore, installed: Installation) -> None:
        for take in (store.control.pin, lambda one, other: store.control.try_out(one, other, 5.0)):
            with pytest.raises(Invalid) as raised:
                take(installed.id, "rev_nobody")
            assert raised.value.details["field"] == "revision_id"

    def test_an_installation_knows_the_parameters_of_its_pipeline(
        self, store: SqlStore, installed: Installation
    ) -> None:
        store.control.update_pipeline(installed.pipeline_id, {"parameters": {"SITE": "de"}})
        assert store.control.installation(installed.id).parameters == {"SITE": "de"}

    def test_a_stale_etag_stops_revisions_and_changes(self, store: SqlStore, installed: Installation) -> None:
        seen = store.control.etag(installed)
        store.control.change_installation(installed.id, {"paused": True}, if_match=seen)
        empty = Revision(id="", template_id="", number=0, config={})
        with pytest.raises(Conflict) as changing:
            store.control.change_installation(installed.id, {"enabled": False}, if_match=seen)
        with pytest.raises(Conflict) as revising:
            store.control.revise(installed.id, empty, if_match=seen)
        assert changing.value.code == revising.value.code == "STALE"
        assert store.control.latest_revision(installed.template.id).number == 1

    def test_what_is_removed_stays_removed(self, store: SqlStore, installed: Installation) -> None:
        store.control.change_installation(installed.id, {"removed_ms": 5})
        with pytest.raises(Conflict) as raised:
            store.control.change_installation(installed.id, {"removed_ms": None})
        assert raised.value.code == "REMOVED"

    def test_a_mask_is_never_kept_as_a_secret(self, store: SqlStore, installed: Installation) -> None:
        masked = Revision(id="", template_id="", number=0, config={"api_key": Secret("***")})
        with pytest.raises(Invalid) as raised:
            store.control.revise(installed.id, masked)
        assert raised.value.details == {"field": "api_key"}
        assert store.control.installation(installed.id) == installed


class TokenSuite(StoreFixtures):
    def test_a_token_is_found_by_its_text_alone(self, store: SqlStore) -> None:
        token, text = store.control.create_token("ci", "admin")
        assert text.startswith("dft_")
        assert len(text) == 47
        assert store.control.find_token(text) == token
        assert store.control.find_token(text[:-1] + "_") is None
        assert store.control.find_token("") is None

    def test_a_revoked_or_expired_token_is_nobody(self, store: SqlStore, clock: FakeClock) -> None:
        revoked, revoked_text = store.control.create_token("gone", "admin")
        _, expiring_text = store.control.create_token("brief", "viewer", expires_ms=clock.now_ms() + 1)
        assert store.control.find_token(expiring_text)
        store.control.revoke_token(revoked.id)
        clock.jump(1)
        assert store.control.find_token(revoked_text) is None
        assert store.control.find_token(expiring_text) is None
        with pytest.raises(NotFound):
            store.control.revoke_token("tok_nobody")

    def test_the_last_use_is_noted_once_a_minute_and_is_no_change(self, store: SqlStore, clock: FakeClock) -> None:
        created, text = store.control.create_token("ci", "admin")
        version, noted = store.control.version(), clock.now_ms()
        for passed in (0, 59_999, 60_000):
            clock.jump(noted + passed - clock.now_ms())
            store.control.find_token(text)
            expected = noted + (passed if passed == 60_000 else 0)
            assert store.control.tokens()[0].last_used_ms == expected
        assert created.last_used_ms is None
        assert store.control.version() == version


class VersionSuite(StoreFixtures):
    def test_every_change_counts_the_version_up_and_every_opener_sees_it(self, opens: Open) -> None:
        here, there = opens(), opens()
        pipeline = here.control.ensure_default_pipeline()
        replay = Replay(id="run_1", installation_id="pi_1_0", members=((0, 3), (1, 4)), created_ms=1)
        for change in (
            lambda: here.control.create_pipeline(Pipeline(id="", name="B", slug="", pipeline_key="")),
            lambda: here.control.update_pipeline(pipeline.id, {"name": "A"}),
            lambda: here.control.install(*integration(pipeline.id)),
            lambda: here.control.change_installation("pi_1_0", {"paused": True}),
            lambda: here.control.revise("pi_1_0", Revision(id="", template_id="", number=0, config={})),
            lambda: here.control.pin("pi_1_0", here.control.installation("pi_1_0").revision.id),
            lambda: here.control.try_out("pi_1_0", None, 0.0),
            lambda: here.control.create_replay(replay),
            lambda: here.control.set_replay_state("run_1", "running"),
        ):
            before = there.control.version()
            change()
            assert there.control.version() > before
        assert there.control.replays(state="queued") == []
        assert there.control.replays(state="running")[0].members == replay.members


class StoreSuite(OpeningSuite, PipelineSuite, InstallationSuite, TokenSuite, VersionSuite):
    """All of it."""


def _elsewhere(installation: Installation) -> Installation:
    return Installation(
        id=installation.id, pipeline_id="pip_nobody", template=installation.template, revision=installation.revision
    )
