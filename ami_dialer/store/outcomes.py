"""Results that somebody gives a call by hand: a command, an agent, an API. What follows from them is done at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.dispositions import meanings_of
from ami_dialer.config.schema import Config
from ami_dialer.domain.attempt import AttemptState
from ami_dialer.domain.callback import CallbackSource, CallbackState
from ami_dialer.domain.ending import Disposition
from ami_dialer.domain.errors import DialerError, NotFoundError
from ami_dialer.domain.meaning import Meaning, Meanings
from ami_dialer.rules.compliance.deadline import NO_DEADLINES, Deadlines
from ami_dialer.store import callbacks as callback_store
from ami_dialer.store import dnc, retrying, revoking, rulebooks
from ami_dialer.store.audit import Entry, note
from ami_dialer.store.callback_writes import Wanted
from ami_dialer.store.callbacks import CallbackRefusedError
from ami_dialer.store.consent_loading import NewRecord
from ami_dialer.store.database import Database
from ami_dialer.store.documents import legible_part
from ami_dialer.store.retrying import Decided
from ami_dialer.store.revoking import Barring
from ami_dialer.store.tables import attempts, callbacks, campaigns, runs

#: Characters that are kept of a note.
MAX_NOTE = 1_000


class UnknownTitleError(DialerError):
    """A title that the campaign does not know; the text names the nearest one."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Given:
    """A result that was given, and what came of it."""

    attempt: str
    campaign: str
    number: str
    title: str
    #: The result that counted before; None where the call has not ended.
    before: str | None
    #: The number was put on this do-not-call list; None: not asked for.
    do_not_call: str | None
    #: The contact waited for another call in this run and does not wait any more.
    taken_out: bool
    callback_at: datetime | None
    #: When the contact is called again by a rule of retry, because of this result; None: nothing changed in that.
    again_at: datetime | None
    #: Why the callback that the result asks for was not taken, for people.
    no_callback: str | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """An attempt and where it belongs."""

    id: str
    number: str
    contact_id: int
    enrolment_id: int
    ended: bool
    disposition: Disposition | None
    outcome: str | None
    campaign_id: int
    campaign: str
    document: Campaign


async def give(
    database: Database,
    config: Config,
    attempt_id: str,
    title: str,
    now: datetime,
    *,
    said: str | None = None,
    source: str = "cli",
) -> Given:
    """Give a call this result, by its title in whatever case; `said` is a note that is kept in the audit trail.

    A call that goes on gets it too: it counts when the call is over. Raises NotFoundError, UnknownTitleError,
    StoreError.
    """
    about = await _about(database, attempt_id)
    known = meanings_of(config, about.document)
    meaning = _known(known, title, about.campaign)
    said_no = await _revocation(database, config, about, meaning, now) if meaning.do_not_call else None
    async with database.writing() as connection:
        await connection.execute(update(attempts).where(attempts.c.id == about.id).values(outcome=meaning.title))
        before = known.effective(about.outcome, about.disposition)
        note(connection, _entry(about, meaning, before, said, source, now))
        if said_no is not None:
            await revoking.revoke_within(connection, *said_no, now)
        became = await _called_again(connection, about, meaning, before, known)
        at, refused = await _call_back(connection, about, meaning, now)
        return Given(
            attempt=about.id,
            campaign=about.campaign,
            number=about.number,
            title=meaning.title,
            before=None if before is None else before.title,
            do_not_call=about.document.opt_out_list if said_no is not None else None,
            taken_out=became.taken_out,
            callback_at=at,
            again_at=became.due_at if at is None else None,
            no_callback=refused,
        )


async def of(database: Database, attempt_ids: Collection[str]) -> dict[str, str]:
    """The results that these attempts were given so far; none for those without."""
    if not attempt_ids:
        return {}
    query = select(attempts.c.id, attempts.c.outcome).where(
        attempts.c.id.in_(attempt_ids), attempts.c.outcome.is_not(None)
    )
    async with database.reading() as connection:
        return {row.id: row.outcome for row in await connection.execute(query)}


def _known(known: Meanings, title: str, campaign: str) -> Meaning:
    meaning = known.get(title)
    if meaning is None:
        raise UnknownTitleError(
            f"campaign {campaign!r} knows no result {title!r}{known.like(title)}; "
            f"`ami-dialer disposition list {campaign}` shows what each means"
        )
    return meaning


async def _about(database: Database, attempt_id: str) -> _About:
    query = (
        select(
            attempts.c.id,
            attempts.c.number,
            attempts.c.contact_id,
            attempts.c.enrolment_id,
            attempts.c.state,
            attempts.c.disposition,
            attempts.c.outcome,
            campaigns.c.id.label("campaign_id"),
            campaigns.c.name.label("campaign"),
            campaigns.c.document,
        )
        .join(runs, runs.c.id == attempts.c.run_id)
        .join(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(attempts.c.id == attempt_id)
    )
    async with database.reading() as connection:
        row = (await connection.execute(query)).first()
    if row is None:
        raise NotFoundError(
            f"there is no attempt {attempt_id!r}; `ami-dialer trace NUMBER` shows the calls of a number with their ids"
        )
    return _About(
        id=row.id,
        number=row.number,
        contact_id=row.contact_id,
        enrolment_id=row.enrolment_id,
        ended=row.state == AttemptState.ENDED,
        disposition=None if row.disposition is None else Disposition(row.disposition),
        outcome=row.outcome,
        campaign_id=row.campaign_id,
        campaign=row.campaign,
        document=legible_part(row.document),
    )


def _entry(
    about: _About, meaning: Meaning, before: Meaning | None, said: str | None, source: str, now: datetime
) -> Entry:
    detail = {
        "attempt": about.id,
        "campaign": about.campaign,
        "result": meaning.title,
        "before": None if before is None else before.title,
        "source": source,
        "note": None if said is None else said[:MAX_NOTE],
    }
    told = {name: value for name, value in detail.items() if value is not None}
    return Entry("disposition.set", about.number, told, now)


async def _revocation(
    database: Database, config: Config, about: _About, meaning: Meaning, now: datetime
) -> tuple[NewRecord, Barring]:
    """What a result that means `do_not_call` says: the person asked for it, and revokes consent."""
    held = await rulebooks.in_force(database)
    scope = await revoking.scope_of(database, config, about.campaign, about.document)
    reason = f"a call was given the result {meaning.title}"
    said = revoking.revocation(about.number, scope, "agent", now, evidence=reason, attempt_id=about.id)
    record = revoking.honoured(said, NO_DEADLINES if held is None else Deadlines(held[1]), now)
    return record, Barring(await dnc.ensure_list(database, about.document.opt_out_list, now), reason, "disposition")


async def _called_again(
    connection: AsyncConnection, about: _About, meaning: Meaning, before: Meaning | None, known: Meanings
) -> Decided:
    """As if it had been given during the call, where it is final or has a `retry` of its own, or takes one's place."""
    if not about.ended:
        return Decided()
    if meaning.over:
        return await retrying.take_out(connection, about.enrolment_id, about.id)
    if meaning.retry is None and (before is None or before.retry is None):
        return Decided()
    return await retrying.decide_anew(connection, about.enrolment_id, about.id, known)


async def _call_back(
    connection: AsyncConnection, about: _About, meaning: Meaning, now: datetime
) -> tuple[datetime | None, str | None]:
    """When the contact is called back: at the time that was asked for, else after what the result says.

    And why it is not, where the callback is refused.
    """
    if not meaning.callback or meaning.do_not_call:
        return None, None
    waits = await connection.scalar(
        select(callbacks.c.at).where(
            callbacks.c.campaign_id == about.campaign_id,
            callbacks.c.contact_id == about.contact_id,
            callbacks.c.state == CallbackState.WAITING,
        )
    )
    if waits is not None:
        return waits, None
    wanted = Wanted(
        campaign_id=about.campaign_id,
        contact_id=about.contact_id,
        number=about.number,
        at=now + timedelta(seconds=meaning.callback_after),
        source=CallbackSource.DISPOSITION,
        asked_in=about.id,
    )
    try:
        taken = await callback_store.ask_within(connection, wanted, now)
    except CallbackRefusedError as refused:
        return None, str(refused)
    return taken.at, None
