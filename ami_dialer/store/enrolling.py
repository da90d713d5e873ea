"""Contacts of lists into runs: at the start, and from live lists while the run goes on. A few statements for all.

Each number is in a run once, or as often as its list holds it (`occurrence`). Where several lists hold it, the one
with the higher priority wins among those that may call it, then the contact's own priority, then the order of the
lists in the campaign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Select,
    String,
    Subquery,
    Text,
    and_,
    case,
    column,
    func,
    literal,
    null,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.filter import Condition
from ami_dialer.config.lists import ContactList
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.domain.rank import Turn, rank
from ami_dialer.store.bulk import insert_into
from ami_dialer.store.documents import as_json
from ami_dialer.store.filters import kept_out_by
from ami_dialer.store.tables import (
    UtcDateTime,
    agent_map_entries,
    contacts,
    enrolments,
    list_members,
    list_revisions,
    lists,
)

#: `expire_days` of a list whose contacts do not expire.
NEVER = -1

#: One enrolment of a run: a number, or its occurrence where a list allows it several times.
_IDENTITY = ("run_id", "number", "occurrence")
_COLUMNS = (
    "run_id",
    "contact_id",
    "number",
    "occurrence",
    "state",
    "rank",
    "due_at",
    "expires_at",
    "attempts",
    "tries",
    "exclusion",
    "excluded_by",
    "agent",
    "created_at",
)


#: Numbers that must not be called, with the entry that forbids it: a temporary table that `store.barring` makes.
BARRED = table("scrub_barred", column("number", String), column("label", String))


@dataclass(frozen=True, slots=True)
class Attached:
    """A list of a campaign, and which of its members are meant: those of revisions after one, up to another."""

    id: int
    name: str
    #: Its place among the campaign's lists.
    place: int
    priority: int
    expire_days: int
    after: int
    up_to: int


class _DaysLater(FunctionElement[datetime]):
    """A moment so many days (of 24 hours) after another."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(_DaysLater, "sqlite")
def _days_later_sqlite(element: _DaysLater, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    moment, days = (compiler.process(clause, **kw) for clause in element.clauses)
    # As SQLAlchemy writes times: six digits after the point, of which SQLite's own function knows three.
    return f"(strftime('%Y-%m-%d %H:%M:%f', {moment}, {days} || ' days') || '000')"


@compiles(_DaysLater, "postgresql")
def _days_later_postgresql(element: _DaysLater, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    moment, days = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({moment} + {days} * interval '24 hours')"


async def attached(
    connection: AsyncConnection, document: Campaign, written: Mapping[str, ContactList] | None = None
) -> list[Attached]:
    """The lists of a campaign with all that they hold now, in its order; what is not stored is left out.

    Their settings are those that are stored, or those of `written`, where they stand there.
    """
    rows = await connection.execute(
        select(lists.c.name, lists.c.id, lists.c.document, lists.c.revision)
        .where(lists.c.name.in_(document.lists))
        # PostgreSQL: none of them is deleted before this transaction ends.
        .with_for_update(read=True, key_share=True)
    )
    newer = {name: as_json(settings) for name, settings in (written or {}).items()}
    found = {name: (key, newer.get(name, settings), revision) for name, key, settings, revision in rows}
    return [
        Attached(
            id=key,
            name=name,
            place=place,
            priority=_setting(settings, "priority"),
            expire_days=_setting(settings, "expire_days"),
            after=-1,
            up_to=revision,
        )
        for place, name in enumerate(document.lists)
        if name in found
        for key, settings, revision in [found[name]]
    ]


def _setting(document: dict[str, Any], name: str) -> int:
    return int(document.get(name, ContactList.model_fields[name].default))


def rank_of(list_priority: int, contact_priority: ColumnElement[int]) -> ColumnElement[int]:
    """Lower ranks are called first: by the list's priority, and within it by the contact's own."""
    return literal(rank(list_priority, 0)) - contact_priority * len(Turn)


def members_of(of: Attached, condition: Condition | None, now: datetime, own: int | None = None) -> Select[Any]:
    """The members of a list as they would be enrolled: rank, expiry, what keeps them out, and whose they are.

    `own`: key of the mapping list that says so; its priorities count in place of the contacts'.
    """
    mapped = agent_map_entries.c
    priority = contacts.c.priority if own is None else func.coalesce(mapped.priority, contacts.c.priority)
    expires = of.expire_days != NEVER
    came = list_revisions.c.at
    kept_out: ColumnElement[Any] = literal(None, Text()) if condition is None else kept_out_by(condition)
    old = f"{of.name}: not called within {of.expire_days} days"
    query = (
        select(
            list_members.c.number,
            list_members.c.occurrence,
            list_members.c.contact_id,
            list_members.c.revision,
            list_members.c.position,
            literal(of.place).label("place"),
            literal(of.id).label("list_id"),
            rank_of(of.priority, priority).label("rank"),
            (literal(None, String()) if own is None else mapped.agent).label("agent"),
            (_DaysLater(came, literal(of.expire_days)) if expires else null().cast(UtcDateTime())).label("expires_at"),
            kept_out.label("kept_out_by"),
            (came <= now - timedelta(days=of.expire_days) if expires else literal(None, Boolean())).label("expired"),
            literal(old, Text()).label("old"),
        )
        .join(contacts, contacts.c.id == list_members.c.contact_id)
        .outerjoin(
            list_revisions,
            and_(
                list_revisions.c.list_id == list_members.c.list_id,
                list_revisions.c.revision == list_members.c.revision,
            ),
        )
        .where(
            list_members.c.list_id == of.id,
            list_members.c.revision > of.after,
            list_members.c.revision <= of.up_to,
        )
    )
    if own is None:
        return query
    return query.outerjoin(agent_map_entries, and_(mapped.map_id == own, mapped.number == list_members.c.number))


def candidates(of: Sequence[Attached], condition: Condition | None, now: datetime, own: int | None = None) -> Subquery:
    """Each number of the lists once, as it would be enrolled, `exclusion` and `excluded_by` included."""
    members = union_all(*(members_of(each, condition, now, own) for each in of)).subquery("members")
    barred = or_(members.c.kept_out_by.is_not(None), func.coalesce(members.c.expired, False))
    columns = [
        *(column for column in members.c if column.name not in {"kept_out_by", "expired", "old"}),
        case(
            (members.c.kept_out_by.is_not(None), Exclusion.FILTER.value),
            (func.coalesce(members.c.expired, False), Exclusion.EXPIRED.value),
        ).label("exclusion"),
        case(
            (members.c.kept_out_by.is_not(None), members.c.kept_out_by),
            (func.coalesce(members.c.expired, False), members.c.old),
        ).label("excluded_by"),
    ]
    if len(of) == 1:  # a list holds each number once: nothing to choose
        return select(*columns).subquery("candidates")
    best_first = (barred, members.c.rank, members.c.place, members.c.revision, members.c.position)
    nth = func.row_number().over(partition_by=(members.c.number, members.c.occurrence), order_by=best_first)
    numbered = select(*columns, nth.label("nth")).subquery("numbered")
    return select(numbered).where(numbered.c.nth == 1).subquery("candidates")


async def enrol(
    connection: AsyncConnection,
    run_id: int,
    of: Sequence[Attached],
    condition: Condition | None,
    now: datetime,
    *,
    barred: bool,
    own: int | None = None,
) -> int:
    """Enrol the members of these lists whose numbers the run does not hold yet. Returns how many are new in it.

    Those who are kept out are enrolled too, as excluded; with `barred` those as well whose numbers are in BARRED.
    `own`: key of the mapping list that says whose they are.
    """
    if not of:
        return 0
    found = candidates(of, condition, now, own)
    source: FromClause = found
    label: ColumnElement[Any] = literal(None, Text())
    if barred:
        source, label = found.outerjoin(BARRED, BARRED.c.number == found.c.number), BARRED.c.label
    out = or_(found.c.exclusion.is_not(None), label.is_not(None))
    new = (
        select(
            literal(run_id),
            found.c.contact_id,
            found.c.number,
            found.c.occurrence,
            case((out, EnrolmentState.EXCLUDED.value), else_=EnrolmentState.WAITING.value),
            found.c.rank,
            literal(now, enrolments.c.due_at.type),
            found.c.expires_at,
            literal(0),
            literal({}, enrolments.c.tries.type),
            func.coalesce(found.c.exclusion, case((label.is_not(None), Exclusion.DNC.value))),
            func.coalesce(found.c.excluded_by, label),
            found.c.agent,
            literal(now, enrolments.c.created_at.type),
        )
        .select_from(source)
        .where(true())
        .order_by(found.c.rank, found.c.place, found.c.revision, found.c.position)
    )
    # Not by a look at what the run holds: PostgreSQL, without statistics yet, may go through all of it for each.
    unheld = (
        insert_into(connection, enrolments).from_select(_COLUMNS, new).on_conflict_do_nothing(index_elements=_IDENTITY)
    )
    return (await connection.execute(unheld)).rowcount
