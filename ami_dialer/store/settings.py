"""What config.yaml says for all campaigns: kept in the audit trail, which tells when it changed, and from what."""

from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ami_dialer.config.schema import Config
from ami_dialer.domain.changes import changes, digest
from ami_dialer.store import audit
from ami_dialer.store.audit import Entry
from ami_dialer.store.tables import audit_records

#: Sections that decide who may be called.
_SECTIONS = ("compliance", "do_not_call")


async def note_settings(connection: AsyncConnection, config: Config) -> None:
    """Record the sections that are not as the trail has them last, in the caller's transaction."""
    for name in _SECTIONS:
        section = getattr(config, name).model_dump(mode="json", exclude_defaults=True, by_alias=True)
        before = await _last(connection, f"config:{name}")
        if section != (before or {}):
            detail = {
                "before": None if before is None else digest(before),
                "after": digest(section),
                "changes": changes(before or {}, section),
                "whole": section,
            }
            audit.note(connection, Entry("config.change", f"config:{name}", detail))


async def _last(connection: AsyncConnection, subject: str) -> dict[str, Any] | None:
    """The section as it was recorded last; None where it never was."""
    newest = select(audit_records.c.detail).where(audit_records.c.subject == subject)
    detail = await connection.scalar(newest.order_by(audit_records.c.id.desc()).limit(1))
    whole = None if detail is None else orjson.loads(detail).get("whole")
    return whole if isinstance(whole, dict) else None
