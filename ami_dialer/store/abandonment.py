"""The ledger of abandonment in SQL: a row for each answered call, and what people heard who listened to machines."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Integer, cast, delete, extract, func, insert, select

from ami_dialer.domain.abandonment import HOUR, AnsweredCall, AnswerOutcome, Ledger
from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.database import Database
from ami_dialer.store.tables import amd_reviews, answered_calls, attempts, campaigns
from ami_dialer.store.writer import Kind, Write


class NotReviewableError(DialerError):
    """Only calls that AMD took for machines are listened to."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """What people heard who listened to calls that AMD took for machines."""

    calls: int = 0
    #: Of these, those that were people.
    persons: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One call that AMD took for a machine, to be listened to."""

    attempt_id: str
    answered_at: datetime
    number: str
    amd_cause: str | None
    recording: str | None


def entered(call: AnsweredCall) -> Write:
    """The row of an answered call."""
    return Write(Kind.ANSWERED, call._asdict())


async def load(database: Database, campaign_id: int, since: datetime) -> Ledger:
    """The ledger of a campaign from a moment on: one walk through the index of this campaign's calls."""
    hour = _hour(database)
    of_campaign = answered_calls.c.campaign_id == campaign_id
    query = (
        select(hour, answered_calls.c.outcome, func.count())
        .where(of_campaign, answered_calls.c.at >= since)
        .group_by(hour, answered_calls.c.outcome)
    )
    async with database.reading() as connection:
        rows = [(int(row[0]), AnswerOutcome(row[1]), int(row[2])) for row in await connection.execute(query)]
        first = await connection.scalar(select(func.min(answered_calls.c.at)).where(of_campaign))
    return Ledger(rows, first)


def _hour(database: Database) -> ColumnElement[int]:
    """Hours since 1970."""
    if database.is_sqlite:
        return cast(func.strftime("%s", answered_calls.c.at), Integer).op("/")(HOUR)
    return cast(func.floor(extract("epoch", answered_calls.c.at) / HOUR), BigInteger)


async def reviews(database: Database, campaign_id: int, since: datetime) -> Reviews:
    """What was heard of a campaign's calls that were answered since then."""
    query = (
        select(func.count(), func.count().filter(amd_reviews.c.person))
        .select_from(answered_calls.join(amd_reviews, amd_reviews.c.attempt_id == answered_calls.c.attempt_id))
        .where(answered_calls.c.campaign_id == campaign_id, answered_calls.c.at >= since)
    )
    async with database.reading() as connection:
        return Reviews(*(await connection.execute(query)).one())


async def sample(database: Database, campaign_id: int, since: datetime, count: int) -> list[Sample]:
    """Calls answered since then that AMD took for machines and nobody has listened to: `count` of them by lot."""
    query = (
        select(
            answered_calls.c.attempt_id,
            answered_calls.c.at,
            attempts.c.number,
            attempts.c.amd_cause,
            attempts.c.recording,
        )
        .join(attempts, attempts.c.id == answered_calls.c.attempt_id)
        .outerjoin(amd_reviews, amd_reviews.c.attempt_id == answered_calls.c.attempt_id)
        .where(
            answered_calls.c.campaign_id == campaign_id,
            answered_calls.c.at >= since,
            answered_calls.c.outcome == AnswerOutcome.MACHINE,
            amd_reviews.c.attempt_id.is_(None),
        )
        .order_by(func.random())
        .limit(count)
    )
    async with database.reading() as connection:
        found = [Sample(*row) for row in await connection.execute(query)]
    return sorted(found, key=lambda each: each.answered_at)


async def heard(database: Database, attempt_id: str, *, person: bool, by: str, now: datetime) -> str:
    """Keep what somebody heard; a second word on the same call replaces the first. Returns the campaign's name.

    Raises NotFoundError, NotReviewableError.
    """
    query = (
        select(campaigns.c.name, answered_calls.c.outcome)
        .join(answered_calls, answered_calls.c.campaign_id == campaigns.c.id)
        .where(answered_calls.c.attempt_id == attempt_id)
    )
    async with database.writing() as connection:
        row = (await connection.execute(query)).first()
        if row is None:
            raise NotFoundError(
                f"no answered call has the id {attempt_id!r}; `ami-dialer abandonment review CAMPAIGN` lists some"
            )
        if row.outcome != AnswerOutcome.MACHINE:
            raise NotReviewableError(
                f"AMD took {attempt_id} for a person: there is nothing to review; only calls that it took for machines "
                "tell how often it is wrong"
            )
        await connection.execute(delete(amd_reviews).where(amd_reviews.c.attempt_id == attempt_id))
        await connection.execute(insert(amd_reviews).values(attempt_id=attempt_id, person=person, at=now, by=by))
        detail = {"attempt": attempt_id, "person": person, "by": by}
        audit.note(connection, Entry("abandonment.review", f"campaign:{row.name}", detail, now))
    return str(row.name)
