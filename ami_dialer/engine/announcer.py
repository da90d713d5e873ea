"""Tells the outside what happens on the way of a contact, where somebody listens. Costs a look where nobody does."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ami_dialer.domain.agent import AgentState
from ami_dialer.domain.events import Event, EventName
from ami_dialer.ports import Events
from ami_dialer.store.callback_rows import Seen
from ami_dialer.store.giving_back import Refused

if TYPE_CHECKING:
    from ami_dialer.engine.agents.seats import Seat
    from ami_dialer.engine.floor import Call, RunDesk


class Announcer:
    """What the engine has to say, as events. `docs/events.md` has the keys."""

    def __init__(self, events: Events | None = None) -> None:
        """Without `events` nothing is told."""
        self._events = events

    def start(self) -> None:
        """Begin to tell."""
        if self._events is not None:
            self._events.start()

    async def stop(self) -> None:
        """Tell what is left, and end."""
        if self._events is not None:
            await self._events.stop()

    def call(self, name: EventName, call: "Call", at: datetime, **more: object) -> None:
        """Something happened to a call."""
        if self._events is None:
            return
        attempt = call.attempt
        data: dict[str, object] = {
            "run": attempt.run_id,
            "contact": attempt.contact_id,
            "enrolment": attempt.enrolment_id,
            "attempt": attempt.id,
            "ordinal": attempt.ordinal,
            "number": attempt.number,
            **more,
        }
        self._events.publish(Event(name, at, call.desk.run.campaign, data))

    def dialled(self, call: "Call", at: datetime) -> None:
        """Asterisk has taken a call."""
        attempt = call.attempt
        shown = {"caller_id": attempt.caller_id, "caller_id_why": call.caller_id_why or None}
        self.call(EventName.DIALLED, call, at, server=attempt.server, trunk=attempt.trunk, **shown)

    def ended(self, call: "Call", at: datetime) -> None:
        """A call is over."""
        attempt = call.attempt
        self.call(
            EventName.ENDED,
            call,
            at,
            end_reason=attempt.end_reason,
            disposition=attempt.disposition,
            cause=attempt.cause,
            detail=attempt.detail,
            server=attempt.server,
            trunk=attempt.trunk,
            dialled_at=attempt.originated_at,
            answered_at=attempt.answered_at,
            ended_at=attempt.ended_at,
        )

    def agent(self, seat: "Seat", before: AgentState, at: datetime) -> None:
        """An agent does something else."""
        if self._events is None:
            return
        data: dict[str, object | None] = {
            "agent": seat.agent,
            "kind": seat.kind,
            "state": seat.state,
            "before": before,
            "reason": seat.reason,
            "attempt": seat.attempt_id,
        }
        told = {key: value for key, value in data.items() if value is not None}
        self._events.publish(Event(EventName.AGENT_STATE, at, None, told))

    def callback(self, name: EventName, callback: Seen, at: datetime) -> None:
        """A callback was asked for, missed or cancelled."""
        if self._events is None:
            return
        data: dict[str, object] = {
            "callback": callback.id,
            "contact": callback.contact_id,
            "number": callback.number,
            "callback_at": callback.at,
            "agent": callback.agent,
            "source": callback.source,
            "why": callback.why,
        }
        told = {key: value for key, value in data.items() if value is not None}
        self._events.publish(Event(name, at, callback.campaign, told))

    def excluded(self, desk: "RunDesk", count: int, by: str, at: datetime) -> None:
        """Contacts are not called in a run any more."""
        if self._events is not None and count:
            data = {"run": desk.run.id, "count": count, "exclusion": by}
            self._events.publish(Event(EventName.EXCLUDED, at, desk.run.campaign, data))

    def held(self, desk: "RunDesk", refused: Sequence[Refused], at: datetime) -> None:
        """Contacts may not be called now: an event for each rule, not for each of them."""
        if self._events is None:
            return
        until: dict[str, datetime] = {}
        counts: Counter[str] = Counter()
        for one in refused:
            if (later := one.verdict.next_at) is not None:
                counts[one.verdict.rule] += 1
                until[one.verdict.rule] = min(later, until.get(one.verdict.rule, later))
        for rule, count in counts.items():
            data = {"run": desk.run.id, "count": count, "rule": rule, "until": until[rule]}
            self._events.publish(Event(EventName.HELD, at, desk.run.campaign, data))

    def run(self, name: EventName, desk: "RunDesk", state: str, at: datetime) -> None:
        """A run began, or is not going on any more."""
        if self._events is None:
            return
        tally = desk.tally
        data: dict[str, object] = {
            "run": desk.run.id,
            "attempts": tally.attempts,
            "answered": tally.answered,
            "done": tally.done,
            "excluded": tally.excluded,
            "emergency": desk.run.emergency,
        }
        self._events.publish(Event(name, at, desk.run.campaign, {**data, "state": state}))
        self._events.status(desk.run.campaign, state, at, **data)

    def imported(self, list_name: str, counts: "Counter[str] | dict[str, int]", at: datetime) -> None:
        """Contacts came into a list."""
        if self._events is not None:
            self._events.publish(Event(EventName.IMPORTED, at, None, {"list": list_name, "counts": dict(counts)}))
