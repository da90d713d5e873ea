"""A call leg without a telephone: the caller's behaviour is a list, one entry for each verb."""

from collections.abc import Iterable

from ami_dialer.domain.calls import AmdFacts
from ami_dialer.ports import CallerHungUpError, CallLeg, CallLostError, SoundMissingError

#: Entry of a behaviour: the person hangs up.
HANGS_UP = "hangs up"
#: Entry of a behaviour: the connection to Asterisk ends without a word.
BREAKS_OFF = "breaks off"
#: Entry of a behaviour: nothing happens; the prompt is heard to its end, the wait runs out.
NOTHING = ""


class FakeLeg(CallLeg):
    """Answers each verb with the next entry of `behaviour`: a key, NOTHING or a sign of the end; then NOTHING for ever.

    A key that the verb does not listen to is lost, as it is in Asterisk. `verbs` holds what was asked of it.
    """

    def __init__(
        self, behaviour: Iterable[str] = (), *, missing: Iterable[str] = (), attempt_id: str = "amid-1-1"
    ) -> None:
        self.attempt_id = attempt_id
        self.amd = AmdFacts()
        self.caller = None
        self.crowded = ""
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
