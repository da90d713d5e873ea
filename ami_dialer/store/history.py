"""Calls that were made to numbers and contacts: what caps on further ones count."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import TextualSelect, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.domain.abandonment import AnswerOutcome
from ami_dialer.domain.ending import EndReason
from ami_dialer.domain.history import PastCall
from ami_dialer.store.bulk import is_sqlite
from ami_dialer.store.tables import UtcDateTime
from ami_dialer.store.writer import Kind, Write

#: A call counts from when it was placed, which is later than its claim where the database was slow; the claim finds it.
_HELD_UP = timedelta(days=1)
#: What answered was no person. Of a call whose end nobody saw it is not known, and a person is presumed.
_NO_PERSON = frozenset({EndReason.MACHINE, EndReason.SILENCE, EndReason.FAX})


class _Call(NamedTuple):
    """An attempt, as far as caps look at it."""

    at: float
    number: str
    contact_id: int
    campaign_id: int
    #: Somebody or something picked up.
    picked_up: bool
    end_reason: str | None
    #: What the ledger of abandonment has of it; None where it has nothing (yet).
    outcome: str | None

    def past(self) -> PastCall | None:
        """None where nobody was called."""
        if self.end_reason == EndReason.CANCELLED:
            return None
        answered = self.picked_up and self.end_reason not in _NO_PERSON
        # The ledger knows best: it has people who heard only that they cannot be served, and not those who left first.
        if self.outcome is None:
            abandoned = self.end_reason == EndReason.ABANDONED
        else:
            abandoned = self.outcome == AnswerOutcome.ABANDONED
        return PastCall(self.at, self.number, self.contact_id, self.campaign_id, answered, abandoned)


class History:
    """Calls to some numbers and contacts."""

    def __init__(self, calls: Iterable[PastCall] = (), spoken: Collection[str] = ()) -> None:
        #: The numbers of which something is known of consent, or that their holders gave up.
        self.spoken = spoken
        self._to_number: dict[str, list[PastCall]] = {}
        self._to_contact: dict[int, list[PastCall]] = {}
        for call in sorted(calls):
            self._to_number.setdefault(call.number, []).append(call)
            self._to_contact.setdefault(call.contact_id, []).append(call)

    def of(self, number: str, contact_id: int) -> tuple[PastCall, ...]:
        """Those to the number and those to the contact, oldest first, each once."""
        to_number = self._to_number.get(number, ())
        to_contact = self._to_contact.get(contact_id, ())
        if not to_contact:
            return tuple(to_number)
        others = [call for call in to_number if call.contact_id != contact_id]
        return tuple(sorted([*to_contact, *others])) if others else tuple(to_contact)


async def past_calls(
    connection: AsyncConnection,
    numbers: Collection[str],
    contact_ids: Collection[int],
    since: datetime,
    coming: Collection[Write] = (),
    own: Collection[str] = (),
) -> History:
    """The calls to these numbers (E.164) and contacts that were placed at `since` or later, in whichever campaign.

    One query by indexes, for some thousands of either; it also tells of whose consent something is known, so that most
    calls cost no further query. `coming` are writes that were not committed before: what they say of how a call went
    counts. (Whoever is in a call whose attempt is not committed yet is on the floor, and in no second call.) The
    attempts `own` are left out.
    """
    given: dict[str, Any]
    if is_sqlite(connection):
        given = {"numbers": orjson.dumps(list(numbers)).decode(), "contacts": orjson.dumps(list(contact_ids)).decode()}
    else:
        given = {"numbers": list(numbers), "contacts": list(contact_ids)}
    query = _SQLITE if is_sqlite(connection) else _POSTGRESQL
    # A call to one of the contacts on one of the numbers is found by both ways.
    rows = await connection.execute(query, {**given, "since": since - _HELD_UP})
    calls: dict[str, _Call] = {}
    spoken = set()
    for key, at, placed, number, contact, campaign, answered, end, outcome in rows:
        if key is None:
            spoken.add(number)
        else:
            moment = (placed or at).timestamp()
            calls[key] = _Call(moment, number, contact, campaign, answered is not None, end, outcome)
    _take_in(calls, coming)
    counted = (call.past() for key, call in calls.items() if key not in own and call.at >= since.timestamp())
    return History((past for past in counted if past is not None), spoken)


def _take_in(calls: dict[str, _Call], coming: Collection[Write]) -> None:
    """What is not committed yet goes over what the database knows, but for ends: those that it knows stand."""
    for write in coming:
        if write.kind is Kind.ATTEMPT and (known := calls.get(write.row["key"])) is not None:
            placed = write.row["originated_at"]
            calls[write.row["key"]] = known._replace(
                at=known.at if placed is None else placed.timestamp(),
                picked_up=known.picked_up or write.row["answered_at"] is not None,
                end_reason=known.end_reason or write.row["end_reason"],
            )
        elif write.kind is Kind.ANSWERED and (known := calls.get(write.row["attempt_id"])) is not None:
            calls[write.row["attempt_id"]] = known._replace(outcome=known.outcome or write.row["outcome"])


def _query(by_number: str, by_contact: str) -> TextualSelect:
    columns = (
        "attempts.id, claimed_at, originated_at, number, contact_id, runs.campaign_id, answered_at, end_reason, "
        "answered_calls.outcome"
    )
    tables = (
        "attempts JOIN runs ON runs.id = attempts.run_id "
        "LEFT JOIN answered_calls ON answered_calls.attempt_id = attempts.id"
    )
    found = " UNION ALL ".join(
        f"SELECT {columns} FROM {tables} WHERE {way} AND claimed_at >= :since"  # noqa: S608 - names of our own
        for way in (by_number, by_contact)
    )
    # PostgreSQL wants a type of each nothing.
    before, behind = (
        ", ".join(f"CAST(NULL AS {kind})" for kind in kinds)
        for kinds in (("text", "timestamptz", "timestamptz"), ("bigint", "bigint", "timestamptz", "text", "text"))
    )
    for table in ("consents", "reassignments"):
        found += f" UNION ALL SELECT {before}, number, {behind} FROM {table} WHERE {by_number}"  # noqa: S608
    moment = UtcDateTime(timezone=True)
    return text(found).bindparams(bindparam("since", type_=moment)).columns(claimed_at=moment, originated_at=moment)


_SQLITE = _query(
    "number IN (SELECT value FROM json_each(:numbers))", "contact_id IN (SELECT value FROM json_each(:contacts))"
)
_POSTGRESQL = _query("number = ANY(CAST(:numbers AS varchar[]))", "contact_id = ANY(CAST(:contacts AS bigint[]))")
