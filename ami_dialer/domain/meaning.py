"""What the result of a call means: whether it was a success, and what follows from it.

The result that counts, the effective one, is the title that the flow, an agent or somebody by hand gave the attempt
(its outcome); without one it is the system's disposition.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ami_dialer.domain.ending import Disposition

#: Seconds after which somebody is called back who named no time: the same hour of the next day.
CALLBACK_AFTER = 86_400.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a result means."""

    title: str
    #: A success.
    qualified: bool = False
    #: The contact itself was reached.
    contacted: bool = False
    #: A positive final outcome: reports count it as a conversion.
    positive: bool = False
    #: The contact is called back: at the time that was asked for, else after so many seconds.
    callback: bool = False
    callback_after: float = CALLBACK_AFTER
    #: The number goes on the campaign's opt-out list, at once.
    do_not_call: bool = False
    #: Not called again in this run, whatever the campaign's rules of retry say.
    final: bool = False
    #: Called again after so many seconds, at most so many times, whatever those rules say; None: they decide.
    retry: tuple[float, int] | None = None
    #: What agents press for it in wrap-up.
    key: str | None = None

    @property
    def over(self) -> bool:
        """Whether nobody is called again in this run after it: final, or not to be called at all."""
        return self.final or self.do_not_call


def _by_title(*meanings: Meaning) -> Mapping[str, Meaning]:
    return MappingProxyType({meaning.title: meaning for meaning in meanings})


_D = Disposition

#: What the system's own results mean, where a campaign's set says nothing else. None is a conversion by itself: what
#: counts as one, only the campaign's people know.
SYSTEM: Mapping[str, Meaning] = _by_title(
    Meaning(_D.COMPLETED.value, qualified=True, contacted=True, final=True),
    Meaning(_D.CONNECTED.value, contacted=True),
    Meaning(_D.OPTED_OUT.value, contacted=True, do_not_call=True, final=True),
    Meaning(_D.ABANDONED.value),
    Meaning(_D.ANSWERING_MACHINE.value),
    Meaning(_D.BUSY.value),
    Meaning(_D.NO_ANSWER.value),
    Meaning(_D.CONGESTION.value),
    Meaning(_D.FAILED.value),
    Meaning(_D.INVALID_NUMBER.value),
)

#: An agent had the call and gave it no result in time.
FORGOTTEN = "System Generated"

#: The agents' standard results: known to each campaign, whether it has a set or not.
AGENTS: Mapping[str, Meaning] = _by_title(
    Meaning("Unresolved", contacted=True),
    Meaning("Requires Supervisor", contacted=True),
    Meaning("Resolved", qualified=True, contacted=True, final=True),
    Meaning(FORGOTTEN, contacted=True),
)

#: Each result that is known without a set, by its title.
KNOWN: Mapping[str, Meaning] = MappingProxyType({**SYSTEM, **AGENTS})


def own_title(title: str) -> str:
    """The title as the system writes it, where it knows it by other upper and lower case; else as it is."""
    return next((known for known in KNOWN if known.lower() == title.lower()), title)


@dataclass(frozen=True, slots=True)
class Meanings:
    """The results that a campaign knows, by title: its own set first, in the order in which it is written."""

    by_title: Mapping[str, Meaning]
    #: Titles that the campaign's set names.
    own: frozenset[str] = frozenset()

    def effective(self, outcome: str | None, disposition: Disposition | None) -> Meaning | None:
        """What an attempt means with this outcome, or without one with this disposition; None while it has neither.

        A title that the set held once and holds no longer says nothing but itself.
        """
        title = effective_title(outcome, disposition)
        return None if title is None else self.by_title.get(title, Meaning(title))

    def get(self, title: str) -> Meaning | None:
        """What this title means; upper and lower case are one. None where it is not known."""
        found = self.by_title.get(title)
        return found or next((one for known, one in self.by_title.items() if known.lower() == title.lower()), None)

    def by_key(self, key: str) -> Meaning | None:
        """What agents choose by these digits."""
        return next((meaning for meaning in self.by_title.values() if meaning.key == key), None)

    def like(self, title: str) -> str:
        """What to say beside "is not known": the title that is near, else all there are."""
        return like(title, self.by_title)


#: Of a campaign without a set.
DEFAULT = Meanings(KNOWN)


def effective_title(outcome: str | None, disposition: Disposition | None) -> str | None:
    """The one result that counts: the outcome, else the system's disposition."""
    if outcome is not None:
        return outcome
    return None if disposition is None else disposition.value


def like(title: str, known: Iterable[str]) -> str:
    """`; did you mean 'Not Home'?` where a title is near, else `; known: …`."""
    titles = {one.lower(): one for one in known}
    close = difflib.get_close_matches(title.lower(), titles, n=1, cutoff=0.6)
    return f"; did you mean {titles[close[0]]!r}?" if close else f"; known: {', '.join(titles.values())}"
