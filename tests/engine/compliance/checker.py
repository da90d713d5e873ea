"""What is known of people, gathered without the dialer: raw SQL, and what the test itself saw and did. Then asked."""

import sqlite3
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import orjson
from sqlalchemy import text

from ami_dialer.domain.history import PastCall
from tests.engine.compliance import places
from tests.naive_law import may_call

_ATTEMPT = (
    "SELECT a.number, a.contact_id, r.campaign_id, a.verdict FROM attempts a"
    " JOIN runs r ON r.id = a.run_id WHERE a.id = :id"
)


def moment(value):
    """A time as either database gives it to a plain query."""
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


class Checker:
    """Keeps its own books, and says what is wrong with a call."""

    def __init__(self, database, book, world, file=None):
        """`file`: that of the database where it is SQLite."""
        self.database = database
        self.book = book
        self.world = world
        #: By contact: fields, zone, since when it is known, phones.
        self.contacts = {}
        self.campaigns = {}
        self.rulebooks = set()
        self._file = sqlite3.connect(file) if file is not None else None
        self.consents = defaultdict(list)
        self.reassigned = {}
        self.listed = []
        #: Who pressed the key to opt out, and when: SQL may not have it yet.
        self.said = {}
        #: Calls by number and by contact: [at, number, contact, campaign, answered, abandoned]; these change.
        self.to_number = defaultdict(list)
        self.to_contact = defaultdict(list)

    async def rows(self, sql, **values):
        async with self.database.reading() as connection:
            return [tuple(row) for row in await connection.execute(text(sql), values)]

    async def look_at_people(self):
        for key, number, fields, zone, since in await self.rows(
            "SELECT id, number, fields, time_zone, created_at FROM contacts"
        ):
            by_name = orjson.loads(fields) if isinstance(fields, str) else fields
            self.contacts[key] = SimpleNamespace(phones=[number], fields=by_name, zone=zone, since=moment(since))
        for key, number in await self.rows("SELECT contact_id, number FROM contact_phones ORDER BY position"):
            self.contacts[key].phones.append(number)
        for key, name in await self.rows("SELECT id, name FROM campaigns"):
            self.campaigns[key] = self.world.policies[name]
            self.campaigns[key].campaign_id = key

    async def look_at_what_was_said(self):
        """Consents, numbers that changed hands, do-not-call entries, as they stand in SQL now."""
        days = self.world.compliance["consent_days"]
        self.consents.clear()
        for number, granted, scope, strength, said, ends in await self.rows(
            "SELECT number, granted, scope, strength, at, expires_at FROM consents ORDER BY at, granted DESC, id"
        ):
            at, expires = moment(said), moment(ends)
            if granted and expires is None and days:
                expires = at + timedelta(days=days)
            record = SimpleNamespace(granted=bool(granted), scope=scope, strength=strength, at=at, expires_at=expires)
            self.consents[number].append(record)
        self.reassigned = {
            number: moment(at) for number, at in await self.rows("SELECT number, disconnected_at FROM reassignments")
        }
        self.listed = [
            (number, name, bool(is_global), moment(expires))
            for number, name, is_global, expires in await self.rows(
                "SELECT e.number, l.name, l.is_global, e.expires_at FROM dnc_entries e"
                " JOIN dnc_lists l ON l.id = e.list_id WHERE e.removed_at IS NULL"
            )
        ]

    def pressed(self, number, now):
        """Whoever is called asks not to be called again: this very moment it counts."""
        self.said.setdefault(number, now)

    def callee(self, number, contact_id, now):
        contact = self.contacts[contact_id]
        fields = {key.lower(): value for key, value in contact.fields.items()}
        found = places.of(number, contact.zone, fields.get("zip") or None, fields.get("state") or None)
        calls = {id(call): call for call in (*self.to_number[number], *self.to_contact[contact_id])}
        history = [PastCall(*call) for call in calls.values() if call[0] > (now - timedelta(days=31)).timestamp()]
        return SimpleNamespace(
            number=number,
            kind=places.kind(number),
            place=found,
            contact_id=contact_id,
            known_since=contact.since,
            history=sorted(history),
            consent=SimpleNamespace(records=self.consents[number], reassigned_at=self.reassigned.get(number)),
        )

    def wrong(self, number, contact_id, campaign_id, now):
        """The rules that a call at this moment breaks; those of do-not-call lists too."""
        policy = self.campaigns[campaign_id]
        broken = may_call(self.book, policy, self.callee(number, contact_id, now), now)
        for entry, name, is_global, expires in self.listed:
            stands = number == entry or (entry.endswith("*") and number.startswith(entry[:-1]))
            if stands and (is_global or name in policy.dnc) and (expires is None or expires > now):
                broken.add(f"on do-not-call list {name}")
        if number in self.said:
            broken.add("pressed the key to opt out")
        return broken

    def placed(self, number, contact_id, campaign_id, at):
        """A call goes out; what becomes of it is noted in what is returned."""
        call = [at.timestamp(), number, contact_id, campaign_id, False, False]
        self.to_number[number].append(call)
        self.to_contact[contact_id].append(call)
        return call

    async def wrong_with_record(self, attempt_id, number, contact_id, campaign_id):
        """What is missing of what must have been committed before."""
        found = await self._attempt(attempt_id)
        if not found:
            return {"no attempt was committed before"}
        row, broken = found[0], set()
        if row[:3] != (number, contact_id, campaign_id):
            broken.add(f"the attempt is about {row[:3]}")
        if number not in self.contacts[contact_id].phones:
            broken.add("the number is none of the contact's")
        if row[3] is None:
            return broken | {"no verdict was stored"}
        book = orjson.loads(row[3])["book"]
        if book not in self.rulebooks:
            self.rulebooks = {key for (key,) in await self.rows("SELECT id FROM rulebooks")}
        if book not in self.rulebooks:
            broken.add("the verdict names no rulebook")
        return broken

    async def _attempt(self, attempt_id):
        """On SQLite past all that makes a query slow, as a stranger's program would ask."""
        if self._file is None:
            return await self.rows(_ATTEMPT, id=attempt_id)
        return self._file.execute(_ATTEMPT, {"id": attempt_id}).fetchall()

    def close(self):
        if self._file is not None:
            self._file.close()
