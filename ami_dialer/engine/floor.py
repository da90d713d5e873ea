"""The floor: everything that is going on at the moment. A cache; a restart rebuilds it from SQL and Asterisk."""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Config, Server, Trunk
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.calls import CallEnded
from ami_dialer.domain.verdict import Callee
from ami_dialer.engine.agents.own import ForOwn
from ami_dialer.engine.agents.seats import Seats
from ami_dialer.engine.announcer import Announcer
from ami_dialer.engine.caller_ids import CallerIds
from ami_dialer.engine.guard import Guard
from ami_dialer.journey.flow import FlowSettings
from ami_dialer.journey.pacing import Restraint, Way
from ami_dialer.journey.report import Tally
from ami_dialer.journey.scrub import Court
from ami_dialer.ports import Clock, Speech, Telephony
from ami_dialer.rules.compliance.deadline import NO_DEADLINES, Deadlines
from ami_dialer.rules.limits import CallLimit
from ami_dialer.rules.pacing import Pacing
from ami_dialer.rules.sharing import Share
from ami_dialer.store.database import Database
from ami_dialer.store.dnc_index import DncIndex
from ami_dialer.store.giving_back import Refused
from ami_dialer.store.hopper import Claimed
from ami_dialer.store.revoking import OptOuts
from ami_dialer.store.rulebooks import CurrentRules
from ami_dialer.store.runs import Run
from ami_dialer.store.writer import Writer

_Key = TypeVar("_Key")


@dataclass(slots=True)
class ServerDesk:
    """One Asterisk, its limit, and whether what it holds is accounted for."""

    name: str
    settings: Server
    telephony: Telephony
    limit: CallLimit
    #: False from the loss of the link until its calls have been asked for again; nothing is dialled meanwhile.
    reconciled: bool = False
    #: It refused a call, and why; every other one would fare the same, so it is left alone until this monotonic time.
    refused: str = ""
    refused_until: float = 0.0

    def trouble(self, now: float) -> str | None:
        """Why no call may be placed here at `now` (monotonic seconds), for people."""
        if not self.telephony.connected:
            return f"server {self.name}: {self.telephony.trouble or 'not connected'}"
        if now < self.refused_until:
            return f"server {self.name} refuses calls: {self.refused}"
        return None if self.reconciled else f"server {self.name}: its calls are being asked for"


@dataclass(slots=True)
class TrunkDesk:
    """One trunk and its limit."""

    name: str
    settings: Trunk
    server: ServerDesk
    limit: CallLimit


@dataclass(slots=True)
class RunDesk:
    """One run that is going on."""

    run: Run
    campaign: Campaign
    limit: CallLimit
    trunks: list[TrunkDesk]
    flow: FlowSettings | None
    #: Where certain dispositions put numbers.
    opt_outs: OptOuts
    #: By what its calls are judged.
    court: Court
    #: Counts the campaign's abandoned calls.
    abandonment: Guard = field(default_factory=Guard)
    hopper: deque[Claimed] = field(default_factory=deque)
    #: Claims that wait for their own agents: they take no place in the hopper.
    for_own: ForOwn = field(default_factory=ForOwn)
    #: Claims that verdicts refused, not given back yet.
    refused: list[Refused] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    #: How many calls are placed for those who take them; None where nobody has to be there.
    pacing: Pacing | None = None
    #: Why pacing lets no more calls start, for people; "" where it does.
    pace_told: str = ""
    #: When it was the turn of those who wait for their own agent: monotonic times by enrolment.
    turn_came: dict[int, float] = field(default_factory=dict)
    #: By server: why its dialplan cannot take the people of this campaign, for people.
    nowhere: dict[str, str] = field(default_factory=dict)
    #: Why the next call does not start, for people; "" when it does.
    why: str = ""
    #: Calls in a row whose flow broke.
    broken_flows: int = 0
    #: Why the run is taken out, for people; "" while it goes on.
    held: str = ""
    #: When the next one who goes before all others falls due, as far as engine/callbacks.py has seen.
    ahead_at: datetime | None = None
    #: Monotonic time before which the hopper is not asked again: nothing is due before.
    ask_again_at: float = 0.0
    #: Monotonic times: its hopper is filled up then, and those who are in it too long give their places back.
    fill_at: float = 0.0
    recycle_at: float = 0.0
    #: What it has of the calls, beside the other runs.
    share: Share = field(default_factory=lambda: Share(1))

    def ways(self, now: float) -> list[Way]:
        """The trunks as pacing sees them at `now` (monotonic seconds)."""
        return [
            Way(trunk.name, trunk.server.name, trunk.limit, trunk.server.limit, self._trouble(trunk.server, now))
            for trunk in self.trunks
        ]

    def _trouble(self, server: ServerDesk, now: float) -> str | None:
        return server.trouble(now) or self.nowhere.get(server.name)


@dataclass(slots=True)
class Call:
    """One attempt that is going on."""

    attempt: Attempt
    claimed: Claimed
    desk: RunDesk
    trunk: TrunkDesk
    #: When it was judged last, and until when it is allowed at most, as far as that is known.
    judged_at: datetime | None = None
    allowed_until: datetime | None = None
    #: The person as the verdict saw them; None for a call that was adopted.
    callee: Callee | None = None
    #: For when the person asked to be called back in this very call.
    called_back_at: datetime | None = None
    #: Why it shows the caller id that it shows, for people.
    caller_id_why: str = ""
    #: Station 7 is at work on it; its end is waited for before the attempt is concluded.
    in_flow: bool = False
    #: We hung up on it, because the dialer is stopping.
    cut_off: bool = False
    #: We hung up on it while it rang, because nobody was left to take it.
    withdrawn: bool = False
    #: Nobody was free in time: the person hears the message, or heard it.
    dropped: bool = False
    #: The agent put the person on hold: their line is in the dialogue of the code.
    held: bool = False
    #: Where the call goes to when the agent has left it: context and extension.
    transfer: tuple[str, str] | None = None
    #: The hang-up came.
    ended: CallEnded | None = None
    #: Asterisk does not hold it any more, and no hang-up came.
    gone: bool = False

    @property
    def wants_seat(self) -> bool:
        """Whether somebody will be needed for it, if a person answers."""
        over = self.ended is not None or self.gone or self.dropped or self.withdrawn
        return not over and self.attempt.connected_at is None

    @property
    def attempts_left(self) -> bool:
        """Whether the budget lets another attempt follow this one."""
        return self.claimed.attempts + 1 < self.desk.campaign.retry.max_attempts

    @property
    def connected(self) -> bool:
        """Somebody or something talks to the person, as far as we know."""
        if self.desk.campaign.paced:
            return self.attempt.connected_at is not None
        if self.desk.campaign.dialplan is None:
            return self.in_flow and self.attempt.heard_at is not None
        answered = self.attempt.answered_at is not None
        return answered and (self.attempt.classified_at is not None or not self.desk.campaign.amd.enabled)


@dataclass(slots=True)
class Floor:
    """All desks and calls, and what every part of the engine needs."""

    config: Config
    clock: Clock
    database: Database
    writer: Writer
    speech: Speech
    servers: dict[str, ServerDesk]
    trunks: dict[str, TrunkDesk]
    #: The machine's time zone: of schedules that name none.
    zone: str = "UTC"
    runs: dict[int, RunDesk] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    #: The numbers that are being called: nobody is called twice at once, however often lists hold the number.
    numbers: Counter[str] = field(default_factory=Counter)
    #: The contacts that are in a call, on whichever phone.
    contacts: Counter[int] = field(default_factory=Counter)
    #: Every number on any do-not-call list.
    dnc: DncIndex = field(default_factory=DncIndex)
    #: The rules of law that were adopted at the start.
    rules: CurrentRules | None = None
    #: By when the law wants revocations of consent honoured.
    deadlines: Deadlines = NO_DEADLINES
    #: Tells the outside what happens.
    announcer: Announcer = field(default_factory=Announcer)
    #: Whoever takes calls.
    seats: Seats = field(init=False)
    #: Set whenever there may be something to do before the next tick.
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    #: No new calls: the dialer is stopping.
    draining: bool = False
    #: Over all campaigns together.
    limit: CallLimit = field(init=False)
    #: Which number the next call shows.
    caller_ids: CallerIds = field(init=False)

    def __post_init__(self) -> None:
        """Its own limit and the caller ids are those of the configuration; nobody is logged in yet."""
        self.seats = Seats(self.writer, self.announcer.agent, self.wake.set)
        self.limit = CallLimit("engine.max_calls", self.config.engine.max_calls)
        self.caller_ids = CallerIds(self.config.caller_ids, self.zone)

    async def look_at_caller_ids(self) -> None:
        """Heed what was retired or restored since."""
        if await self.caller_ids.look(self.database):
            self.wake.set()

    def restraint(self, desk: RunDesk) -> Restraint | None:
        """What holds a run back beside its limits: too many of its campaign's calls were abandoned."""
        if not (why := desk.abandonment.why):
            return None
        calls = sum(
            call.desk.run.campaign_id == desk.run.campaign_id and not call.connected for call in self.calls.values()
        )
        return Restraint(why, calls)

    def busy(self, claimed: Claimed) -> bool:
        """Whether the number or the contact is in a call."""
        return claimed.number in self.numbers or claimed.contact_id in self.contacts

    def hold(self, claimed: Claimed) -> None:
        """A contact is offered to an agent: nobody else calls it meanwhile."""
        self.numbers[claimed.number] += 1
        self.contacts[claimed.contact_id] += 1

    def let_go(self, claimed: Claimed) -> None:
        """The agent has decided."""
        _count_down(self.numbers, claimed.number)
        _count_down(self.contacts, claimed.contact_id)

    def closed(self, desk: RunDesk) -> bool:
        """Whether no call of a run may start, whatever limits and rules say; `desk.why` says why."""
        if self.draining:
            desk.why = "the dialer is stopping"
        elif self.writer.trouble is not None:
            desk.why = f"the database takes no writes: {self.writer.trouble}"
        elif desk.run.ends_at is not None and self.clock.now() >= desk.run.ends_at:
            desk.why = "the end of its schedule has come"
        else:
            return False
        return True

    def enter(self, call: Call) -> None:
        """A call begins: it counts against the limits of campaign, trunk and server, and of all together."""
        now = self.clock.monotonic()
        self._begin(call)
        for limit in self._limits(call):
            limit.take(now)

    def adopt(self, call: Call) -> None:
        """A call of the engine that ran before: it counts against calls at once, not against calls a second."""
        self._begin(call)
        for limit in self._limits(call):
            limit.adopt()

    def _limits(self, call: Call) -> tuple[CallLimit, ...]:
        return (call.desk.limit, call.trunk.limit, call.trunk.server.limit, self.limit)

    def _begin(self, call: Call) -> None:
        self.calls[call.attempt.id] = call
        self.numbers[call.attempt.number] += 1
        self.contacts[call.attempt.contact_id] += 1
        self.caller_ids.entered(call.attempt)

    def leave(self, call: Call) -> None:
        """A call is over: its place is free."""
        del self.calls[call.attempt.id]
        _count_down(self.numbers, call.attempt.number)
        _count_down(self.contacts, call.attempt.contact_id)
        self.caller_ids.left(call.attempt)
        for limit in self._limits(call):
            limit.give_back()
        if not call.desk.hopper and not call.desk.limit.in_progress:
            call.desk.ask_again_at = 0.0  # it may have been the last call of its run
        self.wake.set()


def _count_down(counter: Counter[_Key], key: _Key) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def build_desks(config: Config, telephony: dict[str, Telephony]) -> tuple[dict[str, ServerDesk], dict[str, TrunkDesk]]:
    """Desks for the servers and trunks of the configuration."""
    servers = {
        name: ServerDesk(
            name, settings, telephony[name], CallLimit(name, settings.max_calls, settings.calls_per_second)
        )
        for name, settings in config.servers.items()
    }
    trunks = {
        name: TrunkDesk(
            name,
            settings,
            servers[settings.server],
            CallLimit(name, settings.max_calls, settings.calls_per_second),
        )
        for name, settings in config.trunks.items()
    }
    return servers, trunks
