"""What the running engine sees at a moment, as it leaves it in SQL for commands of other processes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: An engine writes at least so often (seconds) what it sees, changed or not.
HEARTBEAT_SECONDS = 5.0
#: What is older than this (seconds) tells of an engine that is dead, or whose database takes no writes.
OUTDATED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class LimitSeen:
    """A limit on calls, and how far it is used."""

    calls: int = 0
    #: 0: no limit on calls at once.
    max_calls: int = 0
    #: None: no limit on the rate.
    calls_per_second: float | None = None

    @property
    def full(self) -> bool:
        """Whether no further call may go on at once."""
        return bool(self.max_calls) and self.calls >= self.max_calls


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """One Asterisk."""

    name: str
    limit: LimitSeen
    #: Why no call may be placed there, for people; None where it may.
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class TrunkSeen:
    """One trunk."""

    name: str
    server: str
    limit: LimitSeen


@dataclass(frozen=True, slots=True)
class RunSeen:
    """One run that is going on."""

    run: int
    campaign: str
    #: Why its next call does not start, for people; "" where one does.
    why: str
    #: Contacts in its hopper, and whether each of them is in a call already (of whichever campaign).
    hopper: int
    all_in_calls: bool
    #: Calls now, by state of their attempt.
    calls: dict[str, int]
    #: Calls that began in the last minute.
    calls_per_minute: int
    limit: LimitSeen
    trunks: tuple[str, ...]
    priority: int
    emergency: bool = False
    #: Why it may have one call at a time, for people: too many were abandoned; "" where nothing restrains it.
    restraint: str = ""
    #: Contacts that each rule has put off since this engine looks after the run.
    held: dict[str, int] = field(default_factory=dict)
    #: Whether calls are placed for those who take them; those there are, by what they do.
    paced: bool = False
    agents: dict[str, int] = field(default_factory=dict)
    #: Why no more calls are placed for them, for people; "" where more are.
    pacing: str = ""
    #: Contacts whose turn it is and who wait for their own agents.
    for_own: int = 0
    #: Calls given up while they rang, since their agents had left; and how many of them somebody picked up just then.
    withdrawn: int = 0
    withdrawn_answered: int = 0


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The whole engine."""

    pid: int
    started_at: datetime
    #: When it was seen.
    at: datetime
    #: Over all campaigns together.
    limit: LimitSeen
    servers: tuple[ServerSeen, ...] = ()
    trunks: tuple[TrunkSeen, ...] = ()
    runs: tuple[RunSeen, ...] = ()
    #: Runs that were taken out, by key, and why, for people.
    taken_out: dict[int, str] = field(default_factory=dict)
    #: No new calls: it is stopping.
    draining: bool = False
    #: Why the database takes no writes, for people; None where it does.
    database_trouble: str | None = None

    def outdated(self, now: datetime) -> bool:
        """Whether the engine that wrote it has not been heard of for too long."""
        return now - self.at > timedelta(seconds=OUTDATED_SECONDS)

    def run(self, key: int) -> RunSeen | None:
        """One run; None where it is not going on."""
        return next((one for one in self.runs if one.run == key), None)

    def as_json(self) -> dict[str, Any]:
        """For SQL; times in ISO 8601."""
        plain = asdict(self)
        plain["taken_out"] = {str(key): why for key, why in self.taken_out.items()}
        return plain | {"at": self.at.isoformat(), "started_at": self.started_at.isoformat()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "EngineStatus":
        """From what `as_json` gave. Raises KeyError, TypeError, ValueError for what another version wrote."""
        return cls(
            pid=plain["pid"],
            started_at=datetime.fromisoformat(plain["started_at"]),
            at=datetime.fromisoformat(plain["at"]),
            limit=LimitSeen(**plain["limit"]),
            servers=tuple(ServerSeen(**_limited(one)) for one in plain["servers"]),
            trunks=tuple(TrunkSeen(**_limited(one)) for one in plain["trunks"]),
            runs=tuple(RunSeen(**_limited(one) | {"trunks": tuple(one["trunks"])}) for one in plain["runs"]),
            taken_out={int(key): why for key, why in plain["taken_out"].items()},
            draining=plain["draining"],
            database_trouble=plain["database_trouble"],
        )


def _limited(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {**plain, "limit": LimitSeen(**plain["limit"])}
