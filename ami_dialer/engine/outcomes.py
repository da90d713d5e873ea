"""Results that somebody gives by hand to calls that go on: heard of before the call is over, or right after."""

from ami_dialer.engine.floor import Call, Floor
from ami_dialer.store import outcomes

#: Seconds between two looks.
LOOK_SECONDS = 1.0


class Outcomes:
    """Looks at what calls were given; whoever gave it wrote it into SQL."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        #: Calls that went on at the last look.
        self._before: dict[str, Call] = {}

    async def look(self) -> None:
        """Let calls end with what they were given; who ended in between is given it once more. Raises StoreError."""
        before, living = self._before, dict(self._floor.calls)
        self._before = living
        for key, title in (await outcomes.of(self._floor.database, {*before, *living})).items():
            if key in living:
                living[key].attempt.outcome = title
            elif before[key].attempt.outcome != title:
                now = self._floor.clock.now()
                await outcomes.give(self._floor.database, self._floor.config, key, title, now, source="dialer")
