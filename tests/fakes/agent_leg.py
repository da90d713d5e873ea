"""An agent with a phone, who answers what is heard: implements ports.AgentLeg."""

from collections.abc import Awaitable, Callable, Sequence

from ami_dialer.ports import AgentLeg, CallerHungUpError, LineNext, LinePurpose

#: In place of keys: the agent hangs up.
HANGS_UP = "hangs up"
#: Words of a sentence that is waited for, and the keys that are pressed at it, or something that happens then.
Reaction = tuple[str, str | Callable[[], object]]


class Phone(AgentLeg):
    """Reacts to each sentence with the first reaction that names it, each of them once; then in silence.

    `heard` holds the sentences. A wait without a key moves the clock on.
    """

    def __init__(self, office, reactions: Sequence[Reaction] = (), *, line="line-1", **told) -> None:
        self.line = line
        self.channel = told.get("channel", f"PJSIP/{line}")
        self.purpose = told.get("purpose", LinePurpose.DESK)
        self.code = told.get("code", "")
        self.caller = "101"
        self.heard: list[str] = []
        self.spied: list[tuple[str, str]] = []
        self.next = LineNext.BYE
        #: Happens in the first wait without a key.
        self.silent: Callable[[], Awaitable[None]] | None = None
        self._office = office
        self._reactions = list(reactions)
        self._keys = ""
        self._over = False

    async def play(self, sound: str, escape_digits: str = "") -> str:
        self._there()
        spoken = self._office.speech.spoken
        text = spoken[int(sound.removeprefix("spoken/")) - 1] if sound.startswith("spoken/") else sound
        self.heard.append(text)
        while self._keys and self._keys[0] not in escape_digits:  # lost, as they are in Asterisk
            self._key()
        for reaction in self._reactions:
            if reaction[0] in text:
                self._reactions.remove(reaction)
                self._react(reaction[1])
                break
        if self._keys and self._keys[0] in escape_digits:
            return self._key()
        return ""

    async def wait_for_digit(self, seconds: float) -> str:
        self._there()
        if self._keys:
            return self._key()
        self._office.clock.advance(seconds)
        if self.silent is not None:
            happens, self.silent = self.silent, None
            await happens()
        return ""

    async def spy(self, channel: str, mode: str) -> None:
        self._there()
        self.spied.append((channel, mode))

    async def then(self, what: LineNext) -> None:
        self._there()
        self.next = what

    async def hang_up(self) -> None:
        self._over = True

    def said(self, words: str) -> int:
        """How often a sentence with these words was heard."""
        return sum(words in text for text in self.heard)

    def _react(self, what: str | Callable[[], object]) -> None:
        if what == HANGS_UP:
            self._over = True
            raise CallerHungUpError
        if isinstance(what, str):
            self._keys += what
        else:
            what()

    def _key(self) -> str:
        key, self._keys = self._keys[0], self._keys[1:]
        return key

    def _there(self) -> None:
        if self._over:
            raise CallerHungUpError
