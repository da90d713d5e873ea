"""An Asterisk under examination: what is configured for it, and what can be asked of it."""

from collections.abc import Callable, Mapping

from ami_dialer.adapters.asterisk import questions
from ami_dialer.adapters.asterisk.connection import AmiConnection
from ami_dialer.adapters.asterisk.questions import Answer
from ami_dialer.config.campaign import Campaign
from ami_dialer.config.schema import Config, Server, Trunk
from ami_dialer.doctor.calls import CHECK_CONTEXT, FAR_END, Heard, Line
from ami_dialer.doctor.check import NotCheckedError
from ami_dialer.doctor.machine import campaigns_over, players, speakers
from ami_dialer.ports import Clock

#: Seconds for any answer of Asterisk; all that is asked takes it milliseconds.
PATIENCE = 5.0


class Pbx:
    """One server of the configuration."""

    def __init__(self, name: str, config: Config, clock: Clock) -> None:
        self.name = name
        self.config = config
        self.clock = clock
        self.server: Server = config.servers[name]
        self.line = Line()
        #: Set by the log-in.
        self.connection: AmiConnection | None = None
        #: Actions the manager user may send, in lower case; set by the log-in.
        self.allowed: frozenset[str] = frozenset()

    @property
    def trunks(self) -> Mapping[str, Trunk]:
        """The trunks of this server."""
        return {name: trunk for name, trunk in self.config.trunks.items() if trunk.server == self.name}

    @property
    def campaigns(self) -> Mapping[str, Campaign]:
        """The campaigns that may call through this server."""
        return campaigns_over(self.config, self.trunks)

    @property
    def people(self) -> Mapping[str, Campaign]:
        """Those of them whose calls people take: agents on lines, or members of a queue."""
        return {name: one for name, one in self.campaigns.items() if one.agents is not None or one.queue is not None}

    @property
    def players(self) -> dict[str, str]:
        """The sounds that flows of these campaigns play, with who plays each."""
        return players(self.config, self.trunks)

    @property
    def speakers(self) -> dict[str, list[str]]:
        """The voices that something is spoken with for these campaigns, with what."""
        return speakers(self.config, self.trunks)

    @property
    def link(self) -> AmiConnection:
        """The connection, once the log-in has made it."""
        if self.connection is None:
            raise NotCheckedError("there is no connection to Asterisk's manager")
        return self.connection

    def must_be_allowed(self, action: str) -> None:
        """Raise NotCheckedError where the manager user may not send the action."""
        if action.lower() not in self.allowed:
            raise NotCheckedError(f"the manager user may not send {action}, see privileges")

    async def variable(self, expression: str) -> str:
        """What a global variable or a dialplan function gives; "" also where Asterisk does not know it."""
        self.must_be_allowed("Getvar")
        answer = await questions.answer(self.link, PATIENCE, Action="Getvar", Variable=expression)
        return answer.get("Value", "")

    async def entries(self, action: str) -> list[Answer]:
        """The list that an action is answered with."""
        self.must_be_allowed(action)
        return await questions.entries(self.link, PATIENCE, Action=action)

    async def must_have(self, module: str) -> None:
        """Raise NotCheckedError where Asterisk has not loaded the module."""
        if await self.variable(f"IFMODULE({module})") == "0":
            raise NotCheckedError(f"{module} is not loaded, see modules")

    async def exists(self, context: str, extension: str = "") -> bool:
        """Whether the dialplan has the context, or priority 1 of the extension in it."""
        where = f"{context},{extension},1" if extension else context
        return await self.variable(f"DIALPLAN_EXISTS({where})") == "1"

    async def of_manager_conf(self, key: str) -> str:
        """What our user's section of manager.conf says; "" where it cannot be seen."""
        return await self.variable(f"AST_CONFIG(manager.conf,{self.server.username},{key})")

    async def call(
        self,
        extension: str,
        until: Callable[[Heard], object],
        *,
        context: str = CHECK_CONTEXT,
        variables: tuple[tuple[str, str], ...] = (),
        far_end: str = FAR_END,
    ) -> Heard:
        """Place a test call; see Line.call."""
        self.must_be_allowed("Originate")
        return await self.line.call(self.link, extension, until, context=context, variables=variables, far_end=far_end)
