"""Revocation: the record with its deadline and the do-not-call entry, both or neither."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_dialer.config import rulebook
from ami_dialer.domain.consent import EVERYTHING, Strength
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import place_of
from ami_dialer.domain.rulebook import Purpose, Rulebook
from ami_dialer.domain.verdict import Callee
from ami_dialer.rules.compliance.deadline import Deadlines
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.store import consents, dnc, dnc_lists, revoking
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.revoking import Barring
from ami_dialer.store.writer import Writer
from tests.store.world import config, number, rows

pytestmark = pytest.mark.store

LAW = Deadlines(rulebook.load(None))


async def revoke(database, clock, index=1, scope=EVERYTHING, **changes):
    record = revoking.revocation(number(index), scope, "agent", clock.now(), **changes)
    barring = Barring(await dnc.ensure_list(database, "opt-outs", clock.now()), "revoked consent", "agent")
    done = revoking.honoured(record, LAW, clock.now())
    return await revoking.revoke(database, [done], barring, clock.now())


async def test_a_revocation_is_recorded_with_its_deadline_and_puts_the_number_on_the_list(database, clock):
    assert await revoke(database, clock, evidence="recording 7") == 1
    [record] = await consents.records_of(database, number(1))
    assert (record.granted, record.scope, record.source, record.evidence) == (False, "*", "agent", "recording 7")
    # Ten business days after Monday, 2 March 2026, to their end in New York.
    assert (record.honour_by, record.honoured_at) == (datetime(2026, 3, 17, 4, tzinfo=UTC), clock.now())
    assert not record.is_late
    [entry] = await dnc.entries(database)
    assert (entry.list_name, entry.number, entry.source) == ("opt-outs", number(1), "agent")


async def test_the_same_revocation_again_changes_nothing(database, clock):
    await revoke(database, clock)
    assert await revoke(database, clock) == 0
    assert len(await consents.records_of(database, number(1))) == len(await dnc.entries(database)) == 1
    actions = await rows(database, "SELECT action FROM audit_records WHERE subject LIKE '+%' ORDER BY id")
    assert actions == [("dnc.add",), ("consent.revoke",)]


async def test_one_that_is_recorded_after_the_deadline_shows(database, clock):
    said = revoking.revocation(number(1), "sales", "hand", clock.now() - timedelta(days=30))
    await revoking.revoke(database, [revoking.honoured(said, LAW, clock.now())], None, clock.now())
    await revoke(database, clock, 2)
    assert [record.number for record in await consents.newest(database, 10, late=True)] == [number(1)]
    assert await dnc.standing(database, number(1), clock.now()) == []


async def test_the_writer_takes_a_revocation_as_one_with_its_entry(database, clock):
    writer = Writer(database, 0.0)
    writer.start()
    said = revoking.revocation(number(1), "campaign:survey", "key", clock.now(), attempt_id="amid-1")
    key = await dnc.ensure_list(database, "opt-outs", clock.now())
    written = revoking.writes(revoking.honoured(said, LAW, clock.now()), Barring(key, "asked", "flow"), clock.now())
    with pytest.raises(Exception, match=r"(?i)foreign key"):  # there is no such attempt, which entries refer to
        await writer.put(*written)
    assert await consents.records_of(database, number(1)) == []
    assert await writer.stop(5) == 0


async def test_what_is_revoked_by_key_is_what_the_opt_out_list_is_for(database, clock):
    wanted = config(dnc=["own", "opt-outs", "everybody"])
    campaign = wanted.campaigns["survey"]
    lists = {"opt-outs": "*", "own": "campaign:survey", "everybody": "campaign:survey"}
    for name, scope in lists.items():
        of_list = campaign.model_copy(update={"opt_out_list": name})
        assert await revoking.scope_of(database, wanted, "survey", of_list) == scope
    await dnc.ensure_list(database, "everybody", clock.now())
    await dnc_lists.mark_global(database, "everybody")
    of_all = campaign.model_copy(update={"opt_out_list": "everybody"})
    assert await revoking.scope_of(database, wanted, "survey", of_all) == "*"


def test_each_scope_has_the_list_that_the_administrator_named():
    wanted = config(dnc=["own"], opt_out_list="own")
    assert revoking.list_of(wanted, "*") == "opt-outs"
    assert revoking.list_of(wanted, "campaign:survey") == "own"
    assert revoking.list_of(wanted, "campaign:gone") is None
    assert revoking.list_of(wanted, "sales") is None


async def test_a_revocation_refuses_the_next_verdict_and_a_later_consent_lifts_it(database, clock):
    policy = Policy(
        campaign_id=1,
        campaign="survey",
        purpose=Purpose.SURVEY,
        consent="express",
        countries=frozenset({"US"}),
        kinds=frozenset({NumberKind.FIXED_OR_MOBILE}),
    )
    judge = Judge(Rulebook((), "none"), policy)

    async def verdict(days=0):
        known = await consents.known(database, [number(1)], days)
        place = place_of(number(1), time_zone=None, postal_code=None, state=None)
        callee = Callee(number(1), NumberKind.FIXED_OR_MOBILE, place, 1, consent=known[number(1)])
        found = judge.verdict(callee, clock.now())
        return "allowed" if found.allowed else found.rule

    said = NewRecord(number(1), granted=True, scope="survey", strength=Strength.EXPRESS, source="form", at=clock.now())
    assert await revoking.grant(database, [said], clock.now()) == 1
    assert await verdict() == "allowed"
    clock.advance(60)
    await revoke(database, clock)
    assert await verdict() == "consent.revoked"
    clock.advance(60)
    await revoking.grant(database, [said._replace(at=clock.now(), scope=EVERYTHING)], clock.now())
    assert await verdict() == "allowed"
    clock.advance(86_400)
    assert await verdict(days=1) == "consent.revoked"  # the consent that lifted it has ended
    assert await verdict(days=2) == "allowed"
