"""Whoever is to be called, with all that a verdict looks at."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ami_dialer.config.compliance import Compliance
from ami_dialer.domain.consent import Strength
from ami_dialer.domain.number_kind import NumberKind
from ami_dialer.domain.place import ZoneSource
from ami_dialer.store import attempts, consent_loading
from ami_dialer.store.callees import callee, callees, columns_of
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.writer import Kind, Write, Writer
from tests.store.world import attempt_on, claimed, number

pytestmark = pytest.mark.store

COLUMNS = columns_of(Compliance())
NEW_YORK = "+12125550001"


def place(fields, number=NEW_YORK, columns=COLUMNS, zone=None):
    return callee(number, 1, fields, columns, time_zone=zone).place


@pytest.mark.parametrize(
    ("fields", "zone", "source"),
    [
        ({}, "America/New_York", ZoneSource.NUMBER),
        ({"ZIP": "90012"}, "America/Los_Angeles", ZoneSource.POSTAL_CODE),
        ({"name": "Ann", "Postal_Code": "90012"}, "America/Los_Angeles", ZoneSource.POSTAL_CODE),
        ({"zip": " ", "postcode": "90012"}, "America/Los_Angeles", ZoneSource.POSTAL_CODE),
        ({"State": "CA"}, "America/Los_Angeles", ZoneSource.STATE),
        ({"zip": "90012", "state": "NY"}, "America/Los_Angeles", ZoneSource.POSTAL_CODE),
    ],
)
def test_the_columns_of_the_configuration_say_where_somebody_is_in_any_case(fields, zone, source):
    found = place(fields)
    assert (found.zones, found.source) == ((zone,), source)


def test_the_first_of_the_columns_that_is_filled_in_counts():
    columns = columns_of(Compliance(state_columns=["Province", "state"]))
    assert place({"state": "NY", "province": "TX"}, columns=columns).jurisdictions == ("US", "US-NY", "US-TX")


def test_the_zone_of_the_contact_goes_before_all_others():
    found = place({"zip": "90012"}, zone="America/Chicago")
    assert (found.zones, found.source) == (("America/Chicago",), ZoneSource.CONTACT)
    assert "US-CA" in found.jurisdictions


def test_who_is_nowhere_is_where_the_configuration_says():
    columns = columns_of(Compliance(unknown_zone="America/Denver"))
    found = callee("+18002345678", 1, {}, columns)
    assert (found.place.zones, found.place.source) == (("America/Denver",), ZoneSource.DEFAULT)
    assert found.kind is NumberKind.TOLL_FREE


async def test_contacts_come_with_their_calls_and_their_consent(database, clock):
    one, two = await claimed(database, 2, clock.now())
    writer = Writer(database, 0.0)
    writer.start()
    said = NewRecord(two.number, True, "*", Strength.WRITTEN, "form", clock.now())
    await writer.put(attempts.new(attempt_on(one, clock.now())))
    await writer.put(Write(Kind.CONSENT, consent_loading.row(said, clock.now())))
    await writer.stop(10)
    first, second = await callees(database, [one, two], COLUMNS, clock.now() - timedelta(days=1))
    assert [(found.number, found.contact_id) for found in (first, second)] == [
        (number(0), one.contact_id),
        (number(1), two.contact_id),
    ]
    assert first.known_since == second.known_since == clock.now()
    assert (len(first.history), first.consent.records) == (1, ())
    assert (second.history, [record.strength for record in second.consent.records]) == ((), [Strength.WRITTEN])


async def test_a_revocation_that_the_database_has_not_taken_yet_counts(database, clock):
    [one] = await claimed(database, 1, clock.now())
    said = NewRecord(one.number, False, "*", Strength.EXPRESS, "key", clock.now())
    coming = [Write(Kind.CONSENT, consent_loading.row(said, clock.now()))]
    [found] = await callees(database, [replace(one, time_zone="America/Denver")], COLUMNS, clock.now(), coming)
    assert [record.granted for record in found.consent.records] == [False]
    assert found.place.zones == ("America/Denver",)


async def test_nobody_is_nothing_to_ask_about(database, clock):
    assert await callees(database, [], COLUMNS, clock.now()) == []
