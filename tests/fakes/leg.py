"""A call leg without a telephone: the caller's behaviour is a list, one entry for each verb."""

from collections.abc import Iterable

from ami_dialer.domain.calls import AmdFacts
from ami_dialer.ports import (
    AgentLeg,
    CallerHungUpError,
    CallLeg,
    CallLostError,
    LineNext,
    LinePurpose,
    SoundMissingError,
)

#: Entry of a behaviour: the person hangs up.
HANGS_UP = "hangs up"
#: Entry of a behaviour: the connection to Asterisk ends without a word.
BREAKS_OFF = "breaks off"
#: Entry of a behaviour: nothing happens; the prompt is heard to its end, the wait runs out.
NOTHING = ""


class _Behaviour:
    """Answers each verb with the next entry of `behaviour`: a key, NOTHING or a sign of the end; then NOTHING for ever.

    A key that the verb does not listen to is lost, as it is in Asterisk. `verbs` holds what was asked of it.
    """

    def __init__(self, behaviour: Iterable[str] = (), *, missing: Iterable[str] = ()) -> None:
        self.verbs: list[tuple[str, ...]] = []
        self.over = False
        self._behaviour = iter(behaviour)
        self._missing = frozenset(missing)

    @property
    def heard(self) -> list[str]:
        """The sounds that were begun."""
        return [verb[1] for verb in self.verbs if verb[0] == "play"]

    async def play(self, sound: str, escape_digits: str = "") -> str:
        self._still_there()
        self.verbs.append(("play", sound, escape_digits))
        if sound in self._missing:
            raise SoundMissingError(sound)
        key = self._next()
        return key if key in escape_digits else ""

    async def wait_for_digit(self, seconds: float) -> str:
        self._still_there()
        self.verbs.append(("wait", f"{seconds:g}"))
        return self._next()

    async def hang_up(self) -> None:
        if not self.over:
            self.verbs.append(("hang up",))
        self.over = True

    def _still_there(self) -> None:
        if self.over:
            raise CallerHungUpError

    def _next(self) -> str:
        entry = next(self._behaviour, NOTHING)
        if entry == HANGS_UP:
            self.over = True
            raise CallerHungUpError
        if entry == BREAKS_OFF:
            self.over = True
            raise CallLostError
        return entry


class FakeLeg(_Behaviour, CallLeg):
    """A person's leg. Channels and queues in `nobody` have nobody to connect them with."""

    def __init__(
        self,
        behaviour: Iterable[str] = (),
        *,
        missing: Iterable[str] = (),
        attempt_id: str = "amid-1-1",
        nobody: Iterable[str] = (),
    ) -> None:
        super().__init__(behaviour, missing=missing)
        self.attempt_id = attempt_id
        self.amd = AmdFacts()
        self.caller = None
        self.crowded = ""
        self.talked: float | None = None
        self._nobody = frozenset(nobody)

    async def connect(self, channel: str) -> bool:
        self._still_there()
        self.verbs.append(("connect", channel))
        if channel in self._nobody:
            return False
        self._next()
        return True

    async def queue(self, name: str, seconds: float, music: str | None) -> bool:
        self._still_there()
        self.verbs.append(("queue", name, f"{seconds:g}", music or ""))
        if name in self._nobody:
            return False
        self._next()
        return True

    async def record(self, file: str) -> None:
        self._still_there()
        self.verbs.append(("record", file))

    async def music(self, name: str | None) -> None:
        self._still_there()
        self.verbs.append(("music", name or ""))

    async def go_on(self, context: str, extension: str) -> None:
        self._still_there()
        self.verbs.append(("go on", context, extension))
        self.over = True


class FakeAgentLeg(_Behaviour, AgentLeg):
    """An agent's line in a dialogue."""

    def __init__(
        self,
        behaviour: Iterable[str] = (),
        *,
        missing: Iterable[str] = (),
        purpose: LinePurpose = LinePurpose.DESK,
        code: str = "",
        line: str = "ami-dialer-line-1",
        channel: str = "PJSIP/101-00000001",
        caller: str = "101",
    ) -> None:
        super().__init__(behaviour, missing=missing)
        self.line = line
        self.channel = channel
        self.purpose = purpose
        self.code = code
        self.caller = caller
        #: What it does when the dialogue is over.
        self.next = LineNext.BYE

    async def spy(self, channel: str, mode: str) -> None:
        self._still_there()
        self.verbs.append(("spy", channel, mode))
        self._next()

    async def then(self, what: LineNext) -> None:
        self._still_there()
        self.next = what
