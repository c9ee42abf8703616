"""What a vendor is sent by the rules on personal data, also of what was kept before there were any."""

import msgspec
import pytest

from datafly import catalog
from datafly.model.event import Event
from datafly.model.installation import Installation, Revision, Template
from datafly.model.pii import NO_RULES, PiiRules
from datafly.model.secret import Secret
from datafly.shape import CompiledOnce, by_rules
from datafly.spec.compile import compile_integration

CONFIG = {"api_key": Secret("k" * 20), "partner_name": "myco"}
MADE = compile_integration(catalog.get("insider"), CONFIG)
MAIL = "ann@shop.example"
EVENT = Event("m", "identify", "pip", "k", 1, 1, user_id="u-1", traits={"email": MAIL, "shoe": "SECRET-9"})
HASHES = PiiRules(hash_fields=("traits.email",))
TAKES = PiiRules(redact_fields=("traits.shoe",))


def sent(compiled, event=EVENT):
    return b"".join(item.body for item in compiled.shape(event, 1)).decode()


@pytest.mark.parametrize("rules", [NO_RULES, PiiRules(enabled=False, redact_fields=("traits.email",))])
def test_without_rules_an_integration_is_what_it_was(rules):
    assert by_rules(MADE, rules) is MADE


def test_what_waits_or_is_replayed_is_sent_without_what_a_rule_takes_out_by_now():
    assert "SECRET-9" in sent(MADE)
    ruled = by_rules(MADE, TAKES)
    assert "SECRET-9" not in sent(ruled)
    assert MAIL in sent(ruled)


def test_a_vendor_gets_the_value_only_if_it_is_named():
    assert MAIL not in sent(by_rules(MADE, HASHES))
    assert MAIL in sent(by_rules(MADE, msgspec.structs.replace(HASHES, raw_for=("insider",))))
    assert MAIL not in sent(by_rules(MADE, msgspec.structs.replace(HASHES, raw_for=("other",))))


def test_who_somebody_is_is_told_by_the_same_rules():
    assert MAIL in str(MADE.whom(EVENT))
    assert MAIL not in str(by_rules(MADE, HASHES).whom(EVENT))


def test_other_rules_make_another_integration_of_the_same_revision():
    def installed(rules):
        template, revision = Template("tmpl", "Shop", "insider"), Revision("rev", "tmpl", 1, CONFIG)
        return Installation("pi", "pip", template, revision, pii_rules=rules)

    compiled = CompiledOnce(lambda one: by_rules(MADE, one.pii_rules))
    assert compiled(installed(TAKES)) is compiled(installed(TAKES))
    assert "SECRET-9" in sent(compiled(installed(HASHES)))
    assert "SECRET-9" not in sent(compiled(installed(TAKES)))
