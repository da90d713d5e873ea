"""The dialer's side of a flow, in memory."""

from datetime import UTC, datetime, timedelta

from ami_dialer.ports import SpeechFailedError


class MemoryHost:
    """Implements flows.FlowHost: speaks by naming the text, keeps answers in a list."""

    def __init__(self, **fields: str) -> None:
        self.fields = fields
        self.voice = "house"
        self.answers: list[tuple[str, str, bool, int]] = []
        self.result: str | None = None
        self.opt_outs = 0
        self.zones: tuple[str, ...] = ("America/New_York",)
        self.callbacks: list[datetime] = []
        #: How much later than asked for a callback is lawful; None: never.
        self.moved_by: timedelta | None = timedelta()
        self.speech_fails = False
        self.store_fails = False
        #: When prompts began that were heard, those of a message that says sorry left out.
        self.prompts_heard: set[datetime] = set()
        self._now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def heard(self, since: datetime) -> None:
        self.prompts_heard.add(since)

    async def speech(self, text: str, voice: str) -> str:
        if self.speech_fails:
            raise SpeechFailedError("espeak-ng ended with 1: no such voice")
        return f"{voice}:{text}"

    async def answer(self, question: str, digits: str, valid: bool, try_number: int) -> None:
        self.answers.append((question, digits, valid, try_number))

    async def disposition(self, title: str) -> None:
        self.result = title

    async def callback(self, at: datetime, *, entered: bool) -> datetime | None:
        self.callbacks.append(at)
        return None if self.moved_by is None else at + self.moved_by

    async def opt_out(self) -> None:
        if self.store_fails:
            raise RuntimeError("database is locked")
        self.opt_outs += 1
