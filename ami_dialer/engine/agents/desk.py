"""Which dialogue a line needs now: it has come to us, and stays until it has nothing to be asked."""

from collections.abc import Mapping

import structlog

from ami_dialer.domain.agent import FREE, AgentState, SeatKind
from ami_dialer.engine.agents.dialogues import codes, login, menu, preview, results, supervise, words
from ami_dialer.engine.agents.dialogues.talk import Talk
from ami_dialer.engine.agents.room import serves
from ami_dialer.engine.agents.seats import Seat
from ami_dialer.engine.agents.steps import StepRefusedError, Steps
from ami_dialer.engine.floor import Floor
from ami_dialer.ports import AgentLeg, LineNext

log = structlog.get_logger(__name__)

#: A line that comes back from a call may be sooner than the word that the call is over; that is waited for so long.
_OVER_SECONDS = 5.0
#: AMI tells of a line within so long after it has come.
_TOLD_SECONDS = 1.0
#: Opens the menu.
MENU_KEY = "*"
#: Modes of dialing in which who is reserved hears that: in progressive they are so most of the time.
_PLACED = frozenset({"power", "preview"})
_AFTER = frozenset({AgentState.WRAP_UP})
#: What a member of a queue is asked about; breaks are their queue's, and their leg is there for one call only.
_OF_MEMBERS = frozenset({AgentState.IN_CALL, AgentState.WRAP_UP})


class Desk:
    """One dialogue after the other with each line that comes."""

    def __init__(self, floor: Floor, steps: Steps, servers: Mapping[str, str]) -> None:
        self._floor = floor
        self._steps = steps
        #: By line: the name of its server, where that is known.
        self._servers = servers
        #: By line: the key that was pressed while it waited, which brought it here.
        self.keys: dict[str, str] = {}
        #: Lines in a dialogue whose agent asked for the menu, by AMI: AGI loses keys between two of its commands.
        self.stars: set[str] = set()
        #: Lines that hear that a call is being placed for them, and those that are to.
        self.ring: set[str] = set()
        self.wanted_ring: set[str] = set()
        #: Lines in the menu, and those that were called out of it for a call: they have it after the wrap-up.
        self.in_menu: set[str] = set()
        self.owed: set[str] = set()
        self._supervisors = supervise.Supervisors(floor, steps.supervising)

    async def supervise(self, leg: AgentLeg) -> None:
        """Somebody wants to hear others' calls."""
        await self._supervisors.serve(Talk(leg, self._floor))

    def pressed(self, line: str, digit: str) -> None:
        """A key that AMI tells of, of a line that is no agent's: a supervisor may change how an agent is heard."""
        self._supervisors.pressed(line, digit)

    async def code(self, leg: AgentLeg) -> None:
        """A code was pressed in a call."""
        seat = self._floor.seats.of_line(leg.line)
        if seat is None or seat.state is not AgentState.IN_CALL:
            log.info("a code was pressed in no call of ours", line=leg.line, code=leg.code)
            return
        talk = Talk(leg, self._floor)
        with self._steps.holding.in_code(seat.attempt_id):
            await codes.code(talk, seat, self._steps)
        # Where the call ended meanwhile, it was meant for what comes next.
        if talk.typed and seat.state in _AFTER:
            self.keys[leg.line] = talk.take_typed()

    async def serve(self, leg: AgentLeg) -> None:
        """A line at its desk: logged in first, then whatever its state asks for; then it waits, or ends."""
        talk, key = Talk(leg, self._floor), self.keys.pop(leg.line, "")
        seat = self._floor.seats.of_line(leg.line)
        if seat is None and leg.line not in self._steps.displaced:
            seat = await self._log_in(talk) if await self._announced(talk) else None
            if seat is None:
                await leg.then(LineNext.BYE)
                return
        while seat is not None and self._seated(seat):
            if seat.kind is not SeatKind.LINE and seat.state not in _OF_MEMBERS:
                break
            before = seat.state, seat.since
            if seat.state is AgentState.WRAP_UP:
                talk.typed = talk.typed or key
            await self._dialogue(talk, seat, key)
            await self._steps.honour(seat)
            key = self._key_for_next(talk, seat, before[0])
            if (seat.state, seat.since) == before and not key:
                break
        if seat is None or not self._seated(seat):
            await self._part(talk)
            return
        if seat.kind is not SeatKind.LINE:
            await leg.then(LineNext.BYE)
            return
        placed = self.placed(seat)
        for lines in (self.ring, self.wanted_ring):
            (lines.add if placed else lines.discard)(leg.line)
        await leg.then(LineNext.WAIT_CONNECTING if placed else LineNext.WAIT)

    def _key_for_next(self, talk: Talk, seat: Seat, before: AgentState) -> str:
        """Star where the menu is to come next: it was pressed, or is owed to who was called out of it for a call.

        Any other key too many at the end of one dialogue takes nobody out of the line.
        """
        line = talk.leg.line
        owed = line in self.owed and before in _AFTER and seat.state in FREE
        key = MENU_KEY if owed or talk.typed == MENU_KEY or (line in self.stars and not talk.star) else ""
        if key:
            self.owed.discard(line)
        talk.typed, talk.star = "", False
        self.stars.discard(line)
        return key

    def placed(self, seat: Seat) -> bool:
        """Whether a call is being placed for an agent in a mode in which they are to hear that."""
        desk = None if seat.run is None else self._floor.runs.get(seat.run)
        return seat.state is AgentState.RESERVED and desk is not None and desk.campaign.dialing.mode in _PLACED

    async def _announced(self, talk: Talk) -> bool:
        """Whether it is a line of agents', of which AMI tells: a member of a queue is not asked who they are."""

        def unknown() -> bool:
            return talk.leg.line not in self._servers and talk.leg.line not in self._steps.expected

        await talk.wait(_TOLD_SECONDS, unknown)
        if not unknown() or not all(desk.telephony.connected for desk in self._floor.servers.values()):
            return True
        log.info("a line came that is no agent's, or that AMI does not tell of", line=talk.leg.channel)
        return False

    async def _dialogue(self, talk: Talk, seat: Seat, key: str) -> None:
        match seat.state:
            case AgentState.IN_CALL:
                await self._still_in_call(talk, seat)
            case AgentState.WRAP_UP:
                await results.wrap_up(talk, seat, self._steps)
            case AgentState.PREVIEWING:
                await preview.preview(talk, seat, self._steps)
            case AgentState.ON_BREAK:
                await menu.on_break(talk, seat, self._steps, key)
            case AgentState.READY | AgentState.RESERVED if key:
                self.in_menu.add(talk.leg.line)
                try:
                    await menu.menu(talk, seat, self._steps)
                finally:
                    self.in_menu.discard(talk.leg.line)
            case _:
                pass

    def _seated(self, seat: Seat) -> bool:
        return self._floor.seats.by_key.get(seat.key) is seat

    async def _part(self, talk: Talk) -> None:
        """The line is nobody's any more: logged out by phone or command, or the agent came on another phone."""
        if talk.leg.line in self._steps.displaced:
            self._steps.displaced.discard(talk.leg.line)
            await talk.say(words.OTHER_PHONE)
        await talk.leg.then(LineNext.BYE)

    async def _still_in_call(self, talk: Talk, seat: Seat) -> None:
        """The line is out of the call, which is over: that is heard of in a moment."""
        attempt_id = seat.attempt_id

        def in_call() -> bool:
            return self._seated(seat) and seat.state is AgentState.IN_CALL and seat.attempt_id == attempt_id

        await talk.wait(_OVER_SECONDS, in_call)

    async def _log_in(self, talk: Talk) -> Seat | None:
        leg, steps = talk.leg, self._steps
        expected = steps.expected.get(leg.line)
        try:
            if expected is not None:
                seat = await steps.seat(expected.agent, leg.line, leg.channel, expected.server, expected.campaigns)
                expected.seated.set()
            else:
                agent = await login.who(talk)
                if agent is None:
                    return None
                chosen = await login.campaigns(talk, agent)
                seat = await steps.seat(agent, leg.line, leg.channel, self._server_of(leg.line), chosen)
        except StepRefusedError as refused:
            log.info("an agent could not log in", line=leg.channel, why=str(refused))
            await talk.say(words.BUSY_ELSEWHERE)
            return None
        served = any(serves(seat, desk) for desk in self._floor.runs.values())
        await talk.say(words.WELCOME if served else words.WELCOME_IDLE)
        return seat

    def _server_of(self, line: str) -> str:
        known = self._servers.get(line)
        if known is None:
            known = next(iter(self._floor.servers))
            if len(self._floor.servers) > 1:
                log.warning("nobody said which server a line is on; the first is taken", line=line, server=known)
        return known
