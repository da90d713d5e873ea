"""Numbers that nobody ever answers, found among the attempts that have ended lately."""

from datetime import datetime

from sqlalchemy import bindparam, func, select, text

from ami_dialer.rules.unanswered import ANSWERED, UNANSWERED
from ami_dialer.store.database import Database
from ami_dialer.store.tables import UtcDateTime, attempts, dnc_lists


def _words(reasons: frozenset[str]) -> str:
    return ", ".join(f"'{reason}'" for reason in sorted(reasons))


# Of numbers whose last attempt is new: attempts after the last answer, and after the number was last put on the list or
# taken off it. All by the indexes on (ended_at) and (number, ended_at).
_FOUND = text(f"""
    SELECT a.number FROM attempts a
    LEFT JOIN dnc_entries d ON d.list_id = :list AND d.number = a.number
    WHERE a.number IN (
        SELECT n.number FROM attempts n WHERE n.ended_at > :since AND n.end_reason IN ({_words(UNANSWERED)}))
    AND a.end_reason IN ({_words(UNANSWERED)})
    AND NOT EXISTS (
        SELECT 1 FROM attempts b
        WHERE b.number = a.number AND b.ended_at >= a.ended_at AND b.end_reason IN ({_words(ANSWERED)}))
    AND (d.id IS NULL OR (
        (d.removed_at IS NOT NULL OR d.expires_at <= :now)
        AND a.ended_at > d.added_at AND (d.removed_at IS NULL OR a.ended_at > d.removed_at)))
    GROUP BY a.number HAVING count(*) >= :times
""").bindparams(  # noqa: S608 - end reasons of our own
    bindparam("since", type_=UtcDateTime(timezone=True)), bindparam("now", type_=UtcDateTime(timezone=True))
)


async def find(database: Database, list_id: int, times: int, since: datetime, now: datetime) -> list[str]:
    """Numbers whose last `times` attempts in a row were not answered, the last one after `since`.

    Attempts of any campaign and any run count. Those on the list are not among them; once their entry has run out or
    was taken off, only what came after counts.
    """
    async with database.reading() as connection:
        found = await connection.scalars(_FOUND, {"list": list_id, "times": times, "since": since, "now": now})
        return list(found)


async def last_end(database: Database) -> datetime | None:
    """When the last attempt ended."""
    async with database.reading() as connection:
        found: datetime | None = await connection.scalar(select(func.max(attempts.c.ended_at)))
    return found


async def global_list(database: Database) -> tuple[int, str] | None:
    """Key and name of the global do-not-call list; None where there is none."""
    async with database.reading() as connection:
        row = (await connection.execute(select(dnc_lists.c.id, dnc_lists.c.name).where(dnc_lists.c.is_global))).first()
    return None if row is None else (row.id, row.name)
