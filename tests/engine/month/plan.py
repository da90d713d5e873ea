"""A month of fifty campaigns, from a seed: when they start, whom they call, and what each person does."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

#: Clocks change on 8 March in America and on 29 March in Europe.
BEGIN = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
END = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
CAMPAIGNS = 50
#: Beginnings of numbers, and the clock of whoever has one.
PLACES = {
    "+1212234": "America/New_York",
    "+1312234": "America/Chicago",
    "+1303234": "America/Denver",
    "+1602234": "America/Phoenix",
    "+1415234": "America/Los_Angeles",
    "+44207946": "Europe/London",
}
#: Zones that schedules are written in.
ZONES = ("America/New_York", "America/Los_Angeles", "Europe/London", "UTC")
#: Seconds from a call's beginning to its end, by what becomes of it.
LASTS = {"busy": 25, "no_answer": 25, "machine": 0, "completed": 0, "callback": 0}
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass
class Planned:
    """One campaign."""

    name: str
    numbers: list[str]
    #: As they are written: `start`, `every`, …; wall-clock times on `zone`.
    schedule: dict[str, Any]
    earliest: str
    latest: str
    #: Days and spans, on the contact's clock; None: every day.
    windows: dict[str, str] | None
    #: Seconds, and how many times, by end reason.
    retry: dict[str, tuple[int, int]]
    max_attempts: int
    between: int
    priority: int

    @property
    def document(self) -> dict[str, Any]:
        """As config.yaml has it."""
        hours: dict[str, Any] = {"earliest": self.earliest, "latest": self.latest}
        if self.windows is not None:
            hours["windows"] = self.windows
        return {
            "lists": [self.name],
            "trunks": ["carrier"],
            "flow": "survey",
            "purpose": "survey",
            "schedule": self.schedule,
            "hours": hours,
            "caps": {"between_calls": self.between},
            "retry": {
                "max_attempts": self.max_attempts,
                "rules": {
                    **{reason: {"after": after, "max": most} for reason, (after, most) in self.retry.items()},
                },
            },
            "max_calls": 0,
            "priority": self.priority,
            "exemptions": [
                {"rules": ["*"], "basis": "test", "reason": "The law has a test of its own; numbers of nobody."}
            ],
        }


@dataclass
class Month:
    """All of it."""

    seed: int
    campaigns: list[Planned] = field(default_factory=list)

    def fate(self, number: str, time: int) -> str:
        """What becomes of the nth call (from 1 on) to a number in this month."""
        rng = random.Random(f"{self.seed} {number} {time}")
        return rng.choices(("busy", "no_answer", "machine", "completed", "callback"), (3, 3, 2, 4, 1))[0]

    def wished(self, number: str, time: int) -> str:
        """The time of day that the person enters who wants to be called back: HHMM."""
        rng = random.Random(f"{self.seed} {number} {time} back")
        return f"{rng.randrange(10, 19):02}{rng.choice((0, 30)):02}"


def make(seed: int) -> Month:
    """A month."""
    rng = random.Random(seed)
    month = Month(seed)
    for index in range(CAMPAIGNS):
        numbers = []
        for person in range(rng.randint(3, 5)):
            prefix = rng.choice(list(PLACES))
            digits = 12 - len(prefix) + (1 if prefix.startswith("+44") else 0)
            numbers.append(f"{prefix}{index * 8 + person:0{digits}}")
        month.campaigns.append(
            Planned(
                name=f"campaign{index:02}",
                numbers=numbers,
                schedule=_schedule(rng),
                earliest=rng.choice(["9:00", "9:00", "8:00", "10:30"]),
                latest=rng.choice(["21:00", "20:00", "17:00"]),
                windows=rng.choice([None, None, {"mon-fri": "9:00-18:30"}, {"tue": "9:00-21:00", "sat": "9:00-21:00"}]),
                retry={
                    "busy": (rng.choice([1800, 3600]), rng.randint(0, 3)),
                    "no_answer": (rng.choice([3600, 7200, 86_400]), rng.randint(0, 2)),
                    "machine": (rng.choice([1800, 6 * 3600]), rng.randint(0, 1)),
                },
                max_attempts=rng.randint(1, 4),
                between=rng.choice([0, 1800, 1800, 3 * 3600]),
                priority=rng.randint(1, 5),
            )
        )
    return month


def _schedule(rng: random.Random) -> dict[str, Any]:
    first = datetime(2026, 3, rng.randint(2, 7))  # noqa: DTZ001 - a wall clock's
    # 2:30 does not exist on 8 March in America; 1:30 comes once a year twice, and never in March.
    first += timedelta(hours=rng.choice([2, 8, 9, 9, 12, 15, 20]), minutes=rng.choice([0, 30]))
    written: dict[str, Any] = {"start": f"{first:%Y-%m-%d %H:%M}", "zone": rng.choice(ZONES)}
    if (every := rng.choice(["day", "week", "week", "month", "year", None])) is not None:
        written["every"] = every
        written["interval"] = rng.choice([1, 1, 2, 3])
    if rng.random() < 0.4:
        written["end"] = f"{first + timedelta(hours=rng.choice([3, 8, 30])):%Y-%m-%d %H:%M}"
    if every is not None and rng.random() < 0.3:
        written["until"] = f"2026-03-{rng.randint(15, 28)}"
    return written
