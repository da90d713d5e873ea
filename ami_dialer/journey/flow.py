"""Station 7, flow: the answered call goes through prompts, questions and opt-out, and each answer is kept at once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from ami_dialer.config.flow import Flow
from ami_dialer.domain.attempt import Attempt
from ami_dialer.domain.callback import CallbackSource
from ami_dialer.domain.events import EventName
from ami_dialer.domain.merge import merge
from ami_dialer.domain.verdict import Callee
from ami_dialer.flows.interpreter import FlowResult, apologise, run_flow
from ami_dialer.ports import CallLeg, Clock, Speech, SpeechFailedError
from ami_dialer.rules.compliance.judge import Judge
from ami_dialer.store import attempts, revoking
from ami_dialer.store.callback_writes import Wanted, asked, row_of
from ami_dialer.store.revoking import Barring, OptOuts
from ami_dialer.store.writer import Kind, Write, Writer

log = structlog.get_logger(__name__)

#: A commit takes some hundredths of a second. Who hears nothing for longer than this after pressing a key takes the
#: call for dead, hangs up or presses again; the confirmation is owed to them, whatever our database does.
OPT_OUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """What is the same for every call of a run."""

    #: None where people are connected to agents, and only `message` is ever carried out.
    flow: Flow | None
    voice: str
    closing: str
    #: What the key of `opt_out` does.
    opt_outs: OptOuts
    #: What somebody hears whose call cannot be served, instead of `closing`; None: nothing else.
    message: Flow | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """How a person asks, in a call, to be called back."""

    campaign_id: int
    campaign: str
    #: Seconds: no callback is taken for later.
    horizon: float
    judge: Judge
    #: The person, as the verdict on this call saw them.
    callee: Callee
    #: Told when they will be called.
    booked: Callable[[datetime], None]
    #: Whether attempts are left after this one (`retry.max_attempts`).
    attempts_left: bool = True

    def lawful(self, at: datetime) -> datetime | None:
        """The first moment from `at` on at which they may be called, as far as is known today; None: there is none.

        What depends on calls that are still to come is judged when the time has come.
        """
        verdict = self.judge.verdict(self.callee._replace(callback=self.callee.callback or 0), at)
        return at if verdict.allowed else verdict.next_at


class CallHost:
    """The dialer's side of one call: implements flows.FlowHost."""

    def __init__(
        self,
        attempt: Attempt,
        fields: Mapping[str, str],
        settings: FlowSettings,
        speech: Speech,
        writer: Writer,
        clock: Clock,
        tell: Callable[..., None],
    ) -> None:
        """`tell(EventName, at=…, **more)` announces what the person does."""
        #: Without it nobody can ask to be called back.
        self.booking: Booking | None = None
        self._attempt = attempt
        self._settings = settings
        self._speech = speech
        self._writer = writer
        self._clock = clock
        self._tell = tell
        self.fields = fields
        self.voice = settings.voice

    def now(self) -> datetime:
        """The time now."""
        return self._clock.now()

    def heard(self, since: datetime) -> None:
        """Keep when the person heard the first prompt."""
        self._attempt.heard_at = self._attempt.heard_at or since

    async def speech(self, text: str, voice: str) -> str:
        """Sound path of a spoken text."""
        return await self._speech.sound_for(text, voice)

    async def answer(self, question: str, digits: str, valid: bool, try_number: int) -> None:
        """Keep what was pressed. Does not wait for the commit, which is some hundredths of a second away."""
        row = {
            "attempt_id": self._attempt.id,
            "question": question,
            "digits": digits,
            "valid": valid,
            "try_number": try_number,
            "at": self._clock.now(),
        }
        self._writer.put(Write(Kind.ANSWER, row))
        more = {key: row[key] for key in ("question", "digits", "valid", "try_number")}
        self._tell(EventName.ANSWER, at=row["at"], **more)

    async def disposition(self, title: str) -> None:
        """Keep the call's result. What follows from it is decided when the call is over."""
        self._attempt.outcome = title
        self._writer.put(attempts.outcome(self._attempt))

    @property
    def zones(self) -> tuple[str, ...]:
        """The time zones in which the person may be."""
        return () if self.booking is None else self.booking.callee.place.zones

    async def callback(self, at: datetime, *, entered: bool) -> datetime | None:
        """Take a callback and return for when: `at`, or the first lawful moment after it; None: it cannot be taken.

        Like an opt-out it is durable then, unless the database takes no writes: then it is written when it does again.
        One that nobody has `entered` a time for is bound by the budget: nobody is called again and again by a flow.
        """
        booking, now = self.booking, self._clock.now()
        if booking is not None and not entered and not booking.attempts_left:
            return None
        when = None if booking is None else booking.lawful(at)
        if booking is None or when is None or when > now + timedelta(seconds=booking.horizon):
            return None
        wanted = Wanted(
            campaign_id=booking.campaign_id,
            contact_id=self._attempt.contact_id,
            number=self._attempt.number,
            at=when,
            source=CallbackSource.FLOW,
            asked_in=self._attempt.id,
        )
        written = self._writer.put(Write(Kind.CALLBACK, row_of(wanted, now), asked(wanted, booking.campaign, now)))
        booking.booked(when)
        done, _ = await asyncio.wait([written], timeout=OPT_OUT_SECONDS)
        if done:
            written.result()
        return when

    async def opt_out(self) -> None:
        """Revoke consent and put the number on the do-not-call list; returns when both are durable.

        While the database takes no writes the person is not left in silence: after OPT_OUT_SECONDS the flow goes on,
        and the entry is written, in its turn, when the database is back.
        """
        now, to = self._clock.now(), self._settings.opt_outs
        said = revoking.revocation(self._attempt.number, to.scope, "key", now, attempt_id=self._attempt.id)
        record = revoking.honoured(said, to.deadlines, now)
        barring = Barring(to.list_id, "asked for it during a call", "flow")
        written = self._writer.put(*revoking.writes(record, barring, now))
        self._tell(EventName.OPTED_OUT, at=now)
        done, _ = await asyncio.wait([written], timeout=OPT_OUT_SECONDS)
        if done:
            written.result()  # raises where the database refused it for good
        else:
            why = self._writer.trouble or "it is slow"
            log.warning("an opt-out waits for the database and is kept", attempt=self._attempt.id, why=why)


async def run(leg: CallLeg, host: CallHost, settings: FlowSettings) -> FlowResult:
    """Carry out the flow on the call and hang up; says how it ended. Raises ValueError where there is none."""
    if settings.flow is None:
        raise ValueError("calls of this run are connected to agents")
    return await run_flow(settings.flow, leg, host, settings.closing, settings.message)


async def say_sorry(leg: CallLeg, host: CallHost, settings: FlowSettings) -> str | None:
    """A person whose call cannot be served hears who called, and may opt out. Returns what broke on the way, if any."""
    return await apologise(leg, host, settings.closing, settings.message)


async def prepare_message(settings: FlowSettings, speech: Speech) -> str | None:
    """Have the message for abandoned calls spoken before it is needed: what breaks a flow must not break it too.

    Costs a look at a file for each text that was spoken before. Returns why a text could not be spoken; None where all
    is ready. A text with merge fields is another one for each contact, and is not prepared.
    """
    if settings.message is None:
        return None
    voice = settings.message.voice or settings.voice
    for prompt in settings.message.prompts():
        if prompt.say is not None and "{{" not in prompt.say:
            try:
                await speech.sound_for(merge(prompt.say, {}), voice)
            except SpeechFailedError as error:
                return str(error)
    return None
