"""The ledger of abandonment while campaigns run: loaded at the start, looked after every minute."""

from datetime import datetime, timedelta

import structlog

from ami_dialer.config.abandonment import measures_of, rules_of
from ami_dialer.engine.floor import Floor, RunDesk
from ami_dialer.engine.guard import Guard
from ami_dialer.journey import flow
from ami_dialer.rules.abandonment import REVIEWED, false_positive_share
from ami_dialer.store import abandonment
from ami_dialer.store.runs import Run

log = structlog.get_logger(__name__)

#: Seconds between two looks: somebody may have listened to machines, hours leave the window, rules come into force.
LOOK_SECONDS = 60.0


class Abandonment:
    """The guards of all campaigns, and the messages for those who cannot be served."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._guards: dict[int, Guard] = {}
        #: Campaigns whose message could not be prepared: said once.
        self._unprepared: dict[int, str] = {}

    async def guard_of(self, run: Run) -> Guard:
        """The guard of a run's campaign: one for all of its runs. Raises StoreError."""
        now = self._floor.clock.now()
        guard = self._guards.get(run.campaign_id)
        if guard is None:
            guard = Guard(run.campaign)
            self._bring_up(guard, run, now)
            longest = max(measure.seconds for measure in guard.measures)
            guard.ledger = await abandonment.load(
                self._floor.database, run.campaign_id, now - timedelta(seconds=longest)
            )
            self._guards[run.campaign_id] = guard
        else:
            self._bring_up(guard, run, now)
        guard.share = await self._share(run.campaign_id, now)
        guard.look(now)
        return guard

    def _bring_up(self, guard: Guard, run: Run, now: datetime) -> None:
        """The rules of the day, and what the campaign says now."""
        rules = self._floor.rules
        if rules is not None:
            guard.rules = rules_of(run.campaign, run.legible, self._floor.config, rules.rulebook, now.date())
        guard.measures = measures_of(run.legible, guard.rules)

    async def _share(self, campaign_id: int, now: datetime) -> float:
        since = now - timedelta(seconds=REVIEWED)
        heard = await abandonment.reviews(self._floor.database, campaign_id, since)
        prior = self._floor.config.compliance.amd_false_positives
        return false_positive_share(prior, heard.calls, heard.persons)

    async def look(self) -> None:
        """Look after every campaign that runs. Raises StoreError."""
        for desk in list(self._floor.runs.values()):
            guard, now = desk.abandonment, self._floor.clock.now()
            self._bring_up(guard, desk.run, now)
            guard.share = await self._share(desk.run.campaign_id, now)
            guard.forget(now)
            before = guard.held
            guard.look(now)
            if before is not None and guard.held is None:
                self._floor.wake.set()
            await self._prepare(desk)

    async def _prepare(self, desk: RunDesk) -> None:
        """Have the message spoken before it is needed."""
        if desk.flow is None:
            return
        trouble = await flow.prepare_message(desk.flow, self._floor.speech)
        key = desk.run.campaign_id
        if trouble is None:
            self._unprepared.pop(key, None)
        elif self._unprepared.get(key) != trouble:
            self._unprepared[key] = trouble
            log.error(
                "the message for abandoned calls cannot be spoken; people would hear the closing prompt",
                campaign=desk.run.campaign,
                why=trouble,
            )
