"""What a flow needs of those who run it: the contact's fields, speech, and a place for answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class FlowHost(Protocol):
    """The side of a call that is not the telephone. One for each call."""

    @property
    def fields(self) -> Mapping[str, str]:
        """The contact's fields, for merging into spoken texts. Data only."""
        ...

    @property
    def voice(self) -> str:
        """Voice for flows that name none."""
        ...

    def now(self) -> datetime:
        """The time now."""
        ...

    def heard(self, since: datetime) -> None:
        """A prompt of the flow is heard since then. The first one says when we began to talk; may be told twice."""
        ...

    async def speech(self, text: str, voice: str) -> str:
        """Sound path of `text` spoken. Raises SpeechFailedError."""
        ...

    async def answer(self, question: str, digits: str, valid: bool, try_number: int) -> None:
        """Keep what was pressed. Called once a try, as soon as the digits are in; "" when there were none."""
        ...

    async def disposition(self, title: str) -> None:
        """The call's result from here on."""
        ...

    @property
    def zones(self) -> tuple[str, ...]:
        """The time zones in which the person may be; none where nobody knows."""
        ...

    async def callback(self, at: datetime, *, entered: bool) -> datetime | None:
        """Take a callback; returns for when, which is later than `at` where a call is not lawful then.

        `entered`: the person entered the time; another one is only taken while attempts are left.

        None: it cannot be taken.
        """
        ...

    async def opt_out(self) -> None:
        """Put the number on the do-not-call list; returns when that is durable."""
        ...
