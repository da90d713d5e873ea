"""Which runs are going on: desks for those that begin, and what becomes of those that end."""

from datetime import date

import structlog

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.policy import policy_of
from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.campaign import CampaignStatus, IllegalActionError
from ami_dialer.domain.enrolment import RunState
from ami_dialer.domain.errors import DialerError, StoreError
from ami_dialer.domain.events import EventName
from ami_dialer.domain.rulebook import Rulebook, in_force
from ami_dialer.engine.abandonment import Abandonment
from ami_dialer.engine.agents.room import pacing_of
from ami_dialer.engine.floor import Floor, RunDesk
from ami_dialer.journey.flow import FlowSettings
from ami_dialer.journey.report import Tally
from ami_dialer.journey.scrub import Court
from ami_dialer.rules.compliance.ground import unasked
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.rules.compliance.policy import Policy
from ami_dialer.rules.limits import CallLimit
from ami_dialer.rules.sharing import Share
from ami_dialer.store import dnc, documents, hopper, lists, progress, revoking, runs
from ami_dialer.store.agent_maps import NoAgentMapError
from ami_dialer.store.callees import columns_of
from ami_dialer.store.campaigns import standings
from ami_dialer.store.revoking import OptOuts
from ami_dialer.store.rulebooks import CurrentRules
from ami_dialer.store.runs import Run

log = structlog.get_logger(__name__)


class Runs:
    """Keeps the floor's desks in step with the runs in SQL."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self.abandonment = Abandonment(floor)
        #: Runs that cannot go on as they are, by key, and why, for people.
        self.unusable: dict[int, str] = {}

    async def start_declared(self) -> None:
        """Begin the campaigns that start with the dialer and have never run."""
        for standing in await standings(self._floor.database, {CampaignStatus.DRAFT}):
            name = standing.name
            try:
                campaign = documents.read_document(Campaign, name, standing.document)
            except documents.OutdatedDocumentError as error:
                log.warning("campaign not started", campaign=name, why=str(error))
                continue
            if campaign.start != "with-dialer" or campaign.schedule is not None:
                continue
            if await runs.newest(self._floor.database, standing.id) is not None:
                continue
            if not await lists.any_contacts(self._floor.database, campaign.lists):
                log.warning("campaign not started: its lists hold no contacts", campaign=name, lists=campaign.lists)
                continue
            try:
                run_id = await runs.start(self._floor.database, standing.id, campaign, self._floor.clock.now())
            except (runs.AlreadyRunningError, IllegalActionError):
                continue  # `ami-dialer campaign start` was quicker
            except (runs.ListsNotReadyError, NoAgentMapError) as error:
                log.warning("campaign not started; start it by hand when they are", campaign=name, why=str(error))
                continue
            log.info("run started", action="run_started", campaign=name, run=run_id)

    async def follow(self) -> None:
        """Open desks for new runs, and close those of runs that were paused or ended from outside.

        A run that cannot go on as it is has failed: nothing that comes later would bring it back.
        """
        await self._end_what_is_over()
        for run in await self._new_runs():
            try:
                desk = self._floor.runs[run.id] = await self._open(run)
                self._floor.announcer.run(EventName.RUN_STARTED, desk, RunState.RUNNING, self._floor.clock.now())
                if run.emergency:
                    _warn(run)
                today = self._floor.clock.now().date()
                _warn_of_consent(run, self._policy(run), self._rules.rulebook, today)
            except DialerError as error:
                if isinstance(error, StoreError) and not isinstance(error, documents.OutdatedDocumentError):
                    raise  # the database is away; the run is looked at again when it is back
                await runs.end(self._floor.database, run.id, RunState.FAILED, self._floor.clock.now(), str(error))
                self.unusable[run.id] = f"campaign {run.campaign!r} cannot go on: {error}"
                log.error("run failed", action="run_failed", campaign=run.campaign, run=run.id, why=str(error))

    async def _end_what_is_over(self) -> None:
        """The end of a schedule has come for these: nobody else is called in them."""
        now = self._floor.clock.now()
        for run in await runs.over(self._floor.database, now):
            why = f"the end of its schedule came, {run.ends_at:%Y-%m-%d %H:%M} UTC"
            if await runs.end(self._floor.database, run.id, RunState.COMPLETED, now, why):
                log.info("run ended by its schedule", action="run_completed", campaign=run.campaign, run=run.id)

    async def _new_runs(self) -> list[Run]:
        going_on = await runs.running_ids(self._floor.database)
        for key in self._floor.runs.keys() - going_on:
            desk = self._floor.runs[key]
            await self.give_back(desk)
            del self._floor.runs[key]
            await self._say_closed(desk)
        new = going_on - self._floor.runs.keys() - self.unusable.keys()
        if not new:
            return []
        return [run for run in await runs.load(self._floor.database, new) if run.state is RunState.RUNNING]

    async def _say_closed(self, desk: RunDesk) -> None:
        run = desk.run
        for found in await runs.load(self._floor.database, [run.id]):
            paused = found.state is RunState.PAUSED
            name = EventName.RUN_PAUSED if paused else EventName.RUN_ENDED
            self._floor.announcer.run(name, desk, found.state, self._floor.clock.now())
            if paused:
                log.info("run paused", action="run_paused", campaign=run.campaign, run=run.id)
            else:
                log.info("run stopped", action="run_stopped", campaign=run.campaign, run=run.id, why=found.why)

    async def _open(self, run: Run) -> RunDesk:
        missing = [name for name in run.document.trunks if name not in self._floor.trunks]
        if missing:
            raise DialerError(
                f"its trunks {', '.join(missing)} are not in the configuration any more; add them again, then: "
                f"ami-dialer campaign rerun {run.campaign}"
            )
        desk = await self._desk(run, run.document)
        for call in self._floor.calls.values():  # it was paused, and they are still going on
            if call.attempt.run_id == run.id:
                call.desk = desk
        return desk

    async def desks(self, keys: set[int]) -> dict[int, RunDesk]:
        """The desks of these runs. Those that were stopped or cannot go on have one too: their calls are not over."""
        others = await runs.load(self._floor.database, keys - self._floor.runs.keys())
        opened = {run.id: await self._desk(run, run.legible) for run in others}
        return opened | {key: desk for key, desk in self._floor.runs.items() if key in keys}

    async def _desk(self, run: Run, campaign: Campaign) -> RunDesk:
        to = OptOuts(
            await dnc.ensure_list(self._floor.database, campaign.opt_out_list, self._floor.clock.now()),
            await revoking.scope_of(self._floor.database, self._floor.config, run.campaign, campaign),
            self._floor.deadlines,
        )
        so_far = await progress.totals(self._floor.database, run.id)
        tally = Tally(
            dispositions=so_far.dispositions,
            attempts=so_far.dispositions.total(),
            answered=so_far.answered,
            done=so_far.done,
            excluded=so_far.excluded,
        )
        return RunDesk(
            run=run,
            campaign=campaign,
            limit=self._limit(run, campaign),
            share=Share(campaign.priority),
            pacing=pacing_of(campaign),
            trunks=[self._floor.trunks[name] for name in campaign.trunks if name in self._floor.trunks],
            flow=await self._flow(campaign, to),
            opt_outs=to,
            court=self._court(run),
            abandonment=await self.abandonment.guard_of(run),
            tally=tally,
        )

    def _limit(self, run: Run, campaign: Campaign) -> CallLimit:
        """The limit on calls of the campaign: calls of it that are still going on, of whichever run, count.

        An emergency has none of its own.
        """
        most = 0 if run.emergency else campaign.max_calls
        going_on = [call.desk for call in self._floor.calls.values() if call.desk.run.campaign_id == run.campaign_id]
        if not going_on:
            return CallLimit(run.campaign, most)
        limit = going_on[-1].limit
        limit.max_calls = most
        return limit

    def _court(self, run: Run) -> Court:
        rules = self._rules
        try:
            judge = Judge(rules.rulebook, self._policy(run))
        except ValueError as error:
            raise DialerError(f"the rules of law cannot be applied: {error}") from error
        return Court(judge, rules.id, columns_of(self._floor.config.compliance), run.legible)

    def _policy(self, run: Run) -> Policy:
        return policy_of(
            run.campaign_id,
            run.campaign,
            run.legible,
            self._floor.config,
            windows_bind=run.windows_bind,
            emergency=run.emergency,
        )

    @property
    def _rules(self) -> CurrentRules:
        rules = self._floor.rules
        if rules is None:
            raise RuntimeError("runs are judged by rules, and none were adopted")
        return rules

    async def _flow(self, campaign: Campaign, to: OptOuts) -> FlowSettings | None:
        if campaign.flow is None and not campaign.paced:
            return None
        message, name = campaign.abandonment.message, campaign.flow
        return FlowSettings(
            flow=None if name is None else await documents.load_flow(self._floor.database, name),
            voice=self._floor.config.speech.voice,
            closing=self._floor.config.fastagi.closing_prompt,
            opt_outs=to,
            message=None if message is None else await documents.load_flow(self._floor.database, message),
        )

    def results_wanted(self, desk: RunDesk) -> bool:
        """Whether agents are still giving the results of calls of a run."""
        return any(seat.run == desk.run.id and seat.state is AgentState.WRAP_UP for seat in self._floor.seats)

    async def complete(self, desk: RunDesk) -> bool:
        """Nobody is left to be called. False where the run goes on: it waits for what comes into its live lists.

        So it does while agents give the results of its last calls: those may say that somebody is called again.
        """
        if self.results_wanted(desk):
            return False
        if not await runs.complete(self._floor.database, desk.run.id, self._floor.clock.now()):
            return False
        self._floor.runs.pop(desk.run.id, None)
        self._floor.announcer.run(EventName.RUN_ENDED, desk, RunState.COMPLETED, self._floor.clock.now())
        log.info("run completed", action="run_completed", campaign=desk.run.campaign, run=desk.run.id)
        return True

    async def hold(self) -> None:
        """Take out runs that call people in vain. The next start of the dialer goes on with them."""
        for desk in [desk for desk in self._floor.runs.values() if desk.held]:
            await self.give_back(desk)
            del self._floor.runs[desk.run.id]
            self.unusable[desk.run.id] = f"campaign {desk.run.campaign!r} was taken out: {desk.held}"
            log.error("run taken out", campaign=desk.run.campaign, run=desk.run.id, why=desk.held)

    async def start_over(self) -> None:
        """The engine's lock was lost and is ours again: what the hoppers hold may have been called by another one."""
        for desk in self._floor.runs.values():
            await self.give_back(desk)

    async def give_back(self, desk: RunDesk) -> None:
        """Release what the hopper of a run holds, and whom verdicts have just refused: they are judged anew."""
        held = [*desk.hopper, *desk.for_own, *(one.claimed for one in desk.refused)]
        if held:
            await hopper.release(self._floor.database, [claimed.enrolment_id for claimed in held])
            desk.hopper.clear()
            desk.for_own.clear()
            desk.refused.clear()


def _warn_of_consent(run: Run, policy: Policy, book: Rulebook, today: date) -> None:
    """Say once for each run, when it begins or is taken up again, which consent the law wants and nobody asks."""
    there = {rule.jurisdiction for rule in book.rules if rule.jurisdiction.partition("-")[0] in policy.countries}
    if rules := [rule.id for rule in unasked(book, policy, there) if in_force(rule, today)]:
        log.warning(
            "the law wants consent for calls of this campaign, which sets no `consent` and so asks for none",
            action="consent_not_asked",
            campaign=run.campaign,
            run=run.id,
            rules=rules,
        )


def _warn(run: Run) -> None:
    log.warning(
        "a campaign runs as an emergency: it goes before all others, whatever its schedule and hours say",
        action="emergency",
        campaign=run.campaign,
        run=run.id,
        end_it_with=f"ami-dialer campaign stop {run.campaign}",
    )
