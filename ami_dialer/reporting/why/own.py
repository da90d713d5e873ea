"""A contact that belongs to an agent: whose it is, what that agent does, and what becomes of the contact meanwhile."""

from dataclasses import dataclass

from ami_dialer.config.campaign import Campaign
from ami_dialer.domain.agent import FREE, STATE_WORDS, AgentState
from ami_dialer.store import agent_times, agents
from ami_dialer.store.database import Database


@dataclass(frozen=True, slots=True)
class Own:
    """The agent of a contact."""

    agent: str
    #: None: nobody has that number.
    name: str | None
    #: What they do.
    state: AgentState
    #: So long (seconds) the contact waits for them, and whether anybody gets it then.
    wait: float
    others: bool

    @property
    def who(self) -> str:
        """`101 (Anna)`."""
        return f"{self.agent} ({self.name})" if self.name else self.agent

    @property
    def free(self) -> bool:
        """Whether they could take a call, as far as their own state goes."""
        return self.state in FREE

    @property
    def doing(self) -> str:
        """What they do, for people."""
        return STATE_WORDS[self.state] if self.name is not None else "there is no such agent"

    @property
    def then(self) -> str:
        """What becomes of the contact when its turn comes and they have no time, for people."""
        return f"anybody gets it {self.wait:g} s after its turn came" if self.others else "nobody else gets it"


async def offered_to(database: Database, campaign: str, contact: int) -> str | None:
    """To which agent a contact of a campaign is being offered; None: to none. Raises StoreError."""
    there = await agent_times.logged_in(database)
    deciding = (one for one in there if one.state is AgentState.PREVIEWING)
    return next((one.agent for one in deciding if (one.campaign, one.contact) == (campaign, contact)), None)


async def own_agent(database: Database, agent: str | None, document: Campaign) -> Own | None:
    """Whose contact it is; None: nobody's. Raises StoreError."""
    if agent is None:
        return None
    there = next((one for one in await agent_times.logged_in(database) if one.agent == agent), None)
    known = await agents.load(database, agent)
    state = AgentState.LOGGED_OUT if there is None else there.state
    wish = document.own_agent
    return Own(agent, None if known is None else known.name, state, wish.wait, wish.others)
