"""Contacts whose turn came while their own agent had no time: they wait beside the hopper, in nobody's way."""

from collections.abc import Iterator

from ami_dialer.store.hopper import Claimed


class ForOwn:
    """Claims that wait for their own agents, by agent and in the order in which their turn came."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._all: dict[int, Claimed] = {}
        self._by_agent: dict[str, dict[int, Claimed]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Claimed]:
        """Whoever waits longest first."""
        return iter(list(self._all.values()))

    def add(self, claimed: Claimed, since: float) -> None:
        """A contact of an agent waits; its turn came at `since`, in monotonic seconds."""
        if claimed.agent is None:
            raise ValueError(f"enrolment {claimed.enrolment_id} belongs to no agent")
        key = claimed.enrolment_id
        late = bool(self._all) and since < self._since[next(reversed(self._all))]
        self._since[key] = since
        self._all[key] = claimed
        self._by_agent.setdefault(claimed.agent, {})[key] = claimed
        if late:  # it was claimed anew: rare
            self._all = dict(sorted(self._all.items(), key=lambda item: self._since[item[0]]))

    def of(self, agent: str) -> Iterator[Claimed]:
        """Those of one agent: callbacks and the lowest rank first."""
        return iter(sorted(self._by_agent.get(agent, {}).values(), key=lambda one: one.rank))

    def before(self, moment: float) -> Iterator[Claimed]:
        """Those whose turn came at `moment` or before."""
        for key, claimed in self._all.items():
            if self._since[key] > moment:
                return
            yield claimed

    def remove(self, claimed: Claimed) -> None:
        """It waits no more. Nothing where it does not wait."""
        key = claimed.enrolment_id
        if self._all.pop(key, None) is None or claimed.agent is None:
            return
        del self._since[key]
        mine = self._by_agent[claimed.agent]
        del mine[key]
        if not mine:
            del self._by_agent[claimed.agent]

    def clear(self) -> None:
        """Nobody waits."""
        self._since.clear()
        self._all.clear()
        self._by_agent.clear()
