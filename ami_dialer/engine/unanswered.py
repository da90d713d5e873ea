"""Numbers that nobody ever answers go on the global do-not-call list."""

from datetime import datetime, timedelta

import structlog

from ami_dialer.domain.months import months_later
from ami_dialer.engine.floor import Floor
from ami_dialer.store import dnc, unanswered

log = structlog.get_logger(__name__)

#: Ends are written some hundredths of a second after their time, or much later when the database was away.
_OVERLAP = timedelta(minutes=5)


class Unanswered:
    """Looks at the attempts that have ended since its last look."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._settings = floor.config.do_not_call.unanswered
        self._looked: datetime | None = None
        self._said = False

    async def look(self) -> None:
        """Put them on the list. Raises StoreError."""
        if not self._settings.enabled:
            return
        database, now = self._floor.database, self._floor.clock.now()
        since = self._looked or await unanswered.last_end(database)
        if since is None:
            return
        found = await unanswered.global_list(database)
        if found is None:
            self._say_there_is_none()
            return
        key, name = found
        numbers = await unanswered.find(database, key, self._settings.attempts, since - _OVERLAP, now)
        if numbers:
            months = self._settings.keep_months
            await dnc.add(
                database,
                name,
                numbers,
                reason=f"{self._settings.attempts} attempts in a row without an answer",
                source="unanswered",
                now=now,
                expires_at=months_later(now, months) if months else None,
            )
            log.info("nobody answers", action="dnc_unanswered", list=name, numbers=len(numbers))
        self._looked = now

    def _say_there_is_none(self) -> None:
        if not self._said:
            self._said = True
            log.warning(
                "numbers that nobody answers go on no list: none is global; mark one: ami-dialer dnc global LIST"
            )
