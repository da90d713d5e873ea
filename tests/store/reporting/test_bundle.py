"""The bundle of a number: its calls with what allowed them, and everything else that is kept of it."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from ami_dialer.domain.consent import Strength
from ami_dialer.domain.ending import EndReason
from ami_dialer.reporting import bundle
from ami_dialer.store import dnc, reassignments, revoking, rulebooks
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.reassignments import GivenUp
from ami_dialer.store.tables import attempts, contact_phones
from tests.store.reporting.past import ANN, BOB, DAN, Past

pytestmark = pytest.mark.store


async def verdict(past: Past, number: str, **told: Any) -> None:
    """Every call to the number was allowed by the rules that are in force."""
    book = (await rulebooks.current(past.database, None, past.clock.now())).id
    text = json.dumps({"book": book, "rule": "us.hours", "zones": ["America/New_York"], "by": "number", **told})
    async with past.database.writing() as connection:
        await connection.execute(update(attempts).where(attempts.c.number == number).values(verdict=text))


async def files(past: Past, number: str) -> dict[str, Any]:
    out = io.BytesIO()
    bundle.write(await bundle.collect(past.database, number, past.clock.now(), "ann"), out)
    with zipfile.ZipFile(out) as read:
        found: dict[str, Any] = {name: read.read(name).decode("utf-8-sig") for name in read.namelist()}
    found["everything.json"] = json.loads(found["everything.json"])
    return found


async def test_a_call_has_its_verdict_and_the_text_figure_and_source_of_each_rule(survey: Past) -> None:
    await verdict(survey, ANN, law=["US", "US-MD"])
    found = (await files(survey, ANN))["everything.json"]
    [call] = found["attempts"]
    assert call["verdict"]["rule"] == "us.hours"
    [book] = found["rulebooks"]
    rules = {rule["id"]: rule for rule in book["rules"]}
    assert set(call["rules"]) == set(rules)
    assert {"us.hours"} < set(rules)
    assert {rule["jurisdiction"] for rule in rules.values()} == {"US", "US-MD"}
    hours = rules["us.hours"]
    assert all(hours[name] for name in ("says", "week", "source", "url", "effective", "checked", "certainty"))
    assert all("sales" in rule["purposes"] for rule in rules.values())
    assert not [rule for rule in rules.values() if rule["kind"] == "consent"], "the campaign had nobody ask for it"


async def test_a_call_has_its_answers_and_its_record_in_the_audit_trail(survey: Past) -> None:
    found = (await files(survey, ANN))["everything.json"]
    [call] = found["attempts"]
    assert [(each["question"], each["digits"]) for each in call["answers"]] == [("rating", "2"), ("again", "1")]
    [record] = [each for each in found["audit"] if each["action"] == "call"]
    assert (record["subject"], record["attempt_id"]) == (ANN, call["id"])
    assert json.loads(record["detail"])["end_reason"] == "completed"


async def test_consents_revocations_reassignments_and_entries_taken_off_are_in_it(survey: Past) -> None:
    now = survey.clock.now()
    given = NewRecord(DAN, True, "*", Strength.WRITTEN, "form", now - timedelta(days=9), evidence="form 17")
    await revoking.grant(survey.database, [given], now)
    await revoking.revoke(survey.database, [revoking.revocation(DAN, "*", "sms", now, evidence="STOP")], None, now)
    async with survey.database.writing() as connection:
        await reassignments.load(connection, [GivenUp(DAN, now - timedelta(days=1), now)], "register")
    await dnc.remove(survey.database, "opt-outs", [DAN], now)
    found = await files(survey, DAN)
    everything = found["everything.json"]
    assert [(each["granted"], each["source"]) for each in everything["consents"]] == [(True, "form"), (False, "sms")]
    assert [each["source"] for each in everything["reassignments"]] == ["register"]
    [entry] = everything["do_not_call"]
    assert (entry["source"], entry["removed_at"] is not None) == ("flow", True)
    actions = [each["action"] for each in everything["audit"]]
    for action in ("call", "dnc.add", "dnc.remove", "consent.grant", "consent.revoke", "number.reassigned"):
        assert action in actions
    for told in (
        "written consent for * (form) form 17",
        "revoked for * (sms) STOP",
        "given up by its holder",
        "taken off",
    ):
        assert told in found["summary.txt"]


async def test_a_contact_is_found_by_a_further_phone_and_its_calls_to_others_are_told_apart(survey: Past) -> None:
    async with survey.database.writing() as connection:
        row = {"contact_id": (await _contact(survey, BOB)), "position": 2, "number": "+12075550177", "label": "work"}
        await connection.execute(contact_phones.insert().values(row))
    found = await files(survey, "+12075550177")
    [contact] = found["everything.json"]["contacts"]
    assert (contact["number"], [each["number"] for each in contact["further_phones"]]) == (BOB, ["+12075550177"])
    assert [call["number"] for call in found["everything.json"]["attempts"]] == [BOB]
    assert f" to {BOB}" in found["summary.txt"]


async def _contact(past: Past, number: str) -> int:
    async with past.database.reading() as connection:
        key = await connection.scalar(
            attempts.select().with_only_columns(attempts.c.contact_id).where(attempts.c.number == number)
        )
    assert key is not None
    return int(key)


async def test_nothing_in_a_bundle_is_calculated_by_a_spreadsheet_or_moves_a_cursor(past: Past) -> None:
    await past.campaign({ANN: {"name": "\x1b[2J=1+1"}})
    await past.start()
    await past.call(ANN, EndReason.FAILED, detail="=HYPERLINK(1)", rings=None)
    found = await files(past, ANN)
    [row] = csv.DictReader(io.StringIO(found["calls.csv"]))
    assert row["detail"] == "'=HYPERLINK(1)"
    assert row["number"] == ANN
    assert "\x1b" not in found["summary.txt"]
    assert found["everything.json"]["contacts"][0]["fields"] == {"name": "\x1b[2J=1+1"}


async def test_a_verdict_of_an_earlier_version_is_no_obstacle(survey: Past) -> None:
    async with survey.database.writing() as connection:
        await connection.execute(update(attempts).where(attempts.c.number == ANN).values(verdict="not json"))
        await connection.execute(update(attempts).where(attempts.c.number == BOB).values(verdict='{"book": 99}'))
    assert (await files(survey, ANN))["everything.json"]["attempts"][0]["verdict"] == {"text": "not json"}
    found = await files(survey, BOB)
    assert found["everything.json"]["rulebooks"] == []
    assert "by version 99 of the rules: none of law" in found["summary.txt"]


async def test_the_page_tells_what_was_done_and_why_it_was_allowed(survey: Past) -> None:
    await verdict(survey, ANN, law=["US"], exempt=["us.closed"], until="2026-03-02T20:00:00.000Z")
    told = (await files(survey, ANN))["summary.txt"]
    for line in (
        f"Everything about {ANN}",
        "first_name: Ann, plan: gold",
        "in list people, which it came into 2026-03-02 15:00:00",
        "ended as completed, Completed",
        "rating: pressed 2",
        "until 2026-03-02T20:00:00.000Z, where us.hours ends it",
        "time zones America/New_York, from number",
        "the campaign was exempt from: us.closed",
        "us.hours: Telemarketing calls only between 8 am and 9 pm",
    ):
        assert line.lower() in told.lower(), told
