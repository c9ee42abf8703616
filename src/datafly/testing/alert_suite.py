"""What every store promises of alerts: channels, rules, episodes, messages.

Subclass it and give the fixture `place`: the URL or data directory of an empty store.
"""

import msgspec
import pytest

from datafly.model.alert import AlertChannel, AlertMessage, AlertRule, Episode, Mention
from datafly.model.errors import Conflict
from datafly.model.secret import Secret
from datafly.store import SqlStore
from datafly.testing.store_suite import StoreFixtures


class AlertSuite(StoreFixtures):
    def test_a_channel_comes_back_with_its_secrets_which_are_sealed(self, store: SqlStore) -> None:
        channel = AlertChannel(
            id="", name="Hook", kind="webhook", url=Secret("https://hooks.example.com/x"), secret=Secret("s" * 20)
        )
        kept = store.control.put_alert_channel(channel)
        assert store.control.alert_channels() == [kept]
        assert (kept.url, kept.secret, kept.version) == (channel.url, channel.secret, 1)

    def test_a_stale_change_of_an_alert_is_refused_and_changes_nothing(self, store: SqlStore) -> None:
        rule = store.control.put_alert_rule(AlertRule(id="", name="Slow", kind="backlog_age"))
        stale = store.control.etag(rule)
        changed = store.control.put_alert_rule(rule, if_match=stale)
        assert changed.version == 2
        with pytest.raises(Conflict, match="changed meanwhile"):
            store.control.put_alert_rule(rule, if_match=stale)
        with pytest.raises(Conflict, match="changed meanwhile"):
            store.control.drop_alert_rule(rule.id, if_match=stale)
        assert store.control.alert_rule(rule.id) == changed

    def test_the_rules_of_the_start_are_made_once_in_the_life_of_a_store(self, store: SqlStore) -> None:
        rules = [AlertRule(id="", name="Slow", kind="backlog_age")]
        store.control.ensure_alert_rules(rules)
        (made,) = store.control.alert_rules()
        store.control.drop_alert_rule(made.id)
        store.control.ensure_alert_rules(rules)
        assert store.control.alert_rules() == []

    def test_an_empty_message_and_a_dropped_episode_are_forgotten(self, store: SqlStore) -> None:
        episode = Episode(
            id="eps_1",
            rule_id="alr_1",
            rule_name="Slow",
            kind="backlog_age",
            subject="pi_1",
            subject_name="One",
            state="firing",
            began_ms=1,
            value=2.0,
            sentence="It is slow.",
        )
        message = AlertMessage(
            id="alm_1",
            channel_id="alc_1",
            state="due",
            due_ms=5,
            mentions=(Mention("firing", episode),),
            created_ms=1,
        )
        store.control.keep_alerts([episode], messages=[message])
        assert store.control.open_episodes() == [episode]
        assert store.control.alert_messages(state="due") == [message]
        emptied = msgspec.structs.replace(message, mentions=())
        store.control.keep_alerts([], dropped=[episode.id], messages=[emptied])
        assert store.control.open_episodes() == []
        assert store.control.alert_messages() == []
