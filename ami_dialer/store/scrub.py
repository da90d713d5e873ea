"""Scrub in SQL: who of a run stands on a do-not-call list is taken out, all in a few statements."""

from datetime import datetime

from sqlalchemy import and_, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.schema import Campaign
from ami_dialer.domain.enrolment import EnrolmentState, Exclusion
from ami_dialer.store.tables import dnc_entries, dnc_lists, enrolments


async def at_start(connection: AsyncConnection, run_id: int, document: Campaign, now: datetime) -> None:  # noqa: ARG001
    """Take out of a run who must not be called, in the transaction of `connection`."""
    entry = (
        select(dnc_lists.c.name + ": " + dnc_entries.c.reason)
        .join(dnc_lists, dnc_lists.c.id == dnc_entries.c.list_id)
        .where(dnc_entries.c.number == enrolments.c.number, dnc_lists.c.name.in_(document.dnc))
        .order_by(dnc_entries.c.id)
        .limit(1)
    )
    await connection.execute(
        update(enrolments)
        .where(and_(enrolments.c.run_id == run_id, exists(entry)))
        .values(
            state=EnrolmentState.EXCLUDED,
            exclusion=Exclusion.DNC,
            excluded_by=func.substr(entry.scalar_subquery(), 1, 200),
        )
    )
