"""A campaign as it is written: whom it calls, when, how, and when again."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from ami_dialer.config.agents import AgentNumber, Dialing, OwnAgent, QueueName, Recording, Transfer, WrapUp, takers
from ami_dialer.config.callbacks import Callbacks
from ami_dialer.config.compliance import Abandonment, CampaignCaps, Exemption, Hours
from ami_dialer.config.dispositions import Title
from ami_dialer.config.filter import Filter
from ami_dialer.config.hopper import Hopper
from ami_dialer.config.kinds import DialplanName, Name, Seconds
from ami_dialer.config.problems import Path as Keys
from ami_dialer.config.problems import of_section, several
from ami_dialer.config.retry import Retry
from ami_dialer.config.schedule import CampaignSchedule
from ami_dialer.config.section import Section
from ami_dialer.domain.rulebook import Purpose

#: No `$`: what looks like a dialplan expression is never sent (adapters/asterisk/actions.py).
CALLER_ID_PATTERN = r'^(?:[^"<>,$\r\n\x00]{0,64} ?<\+?[0-9]{2,15}>|\+?[0-9]{2,15})$'


class Amd(Section):
    """Answering machine detection. Its thresholds are Asterisk's own, in amd.conf."""

    enabled: bool = Field(True, description="Run AMD() before the flow. Costs the person some two seconds of waiting.")
    not_sure: Literal["person", "machine"] = Field(
        "person",
        description="What NOTSURE counts as; a person kept in silence is worse than a machine spoken to.",
    )


class Campaign(Section):
    """What is to be done with which contacts, and how."""

    lists: list[Name] = Field(min_length=1, max_length=10, description="Names under `lists`.")
    live: list[Name] = Field(
        default_factory=list,
        description="Those of `lists` whose later additions are called in the same run (live sync). The others are "
        "called as they are when the run starts (snapshot).",
    )
    filter: Filter | None = Field(
        None, description="Who of the lists is called: a condition on their columns; the others are Filter Excluded."
    )
    trunks: list[Name] = Field(min_length=1, description="Names under `trunks`; calls go to the one with most room.")
    flow: Name | None = Field(None, description="Name under `flows` for people who answer: an agentless campaign.")
    agents: list[AgentNumber] | Literal["all"] | None = Field(
        None,
        description="Instead of a flow: agents who are logged in take the calls; their numbers under `agents`, or all.",
    )
    queue: QueueName | None = Field(
        None, description="Instead of a flow: one of Asterisk's own queues takes the calls, with its own members."
    )
    dialplan: DialplanName | None = Field(
        None,
        validate_default=True,
        description="Instead of a flow: a context of the administrator's; the call enters at extension s.",
    )
    sessions: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="With `dialplan`: calls that it can serve at once (agent sessions), counted like agents.",
    )
    dialing: Dialing = Field(default_factory=Dialing, description="How many calls are placed for how many agents.")
    wrap_up: WrapUp = Field(default_factory=WrapUp, description="What agents do after a call, and how long.")
    own_agent: OwnAgent = Field(default_factory=OwnAgent, description="Contacts that belong to a certain agent.")
    recording: Recording = Field(default_factory=Recording, description="Recording of calls with agents.")
    transfer: Transfer = Field(default_factory=Transfer, description="Where agents may transfer calls to.")
    caller_id: str | None = Field(
        None,
        pattern=CALLER_ID_PATTERN,
        description="`+15551234567` or `Name <+15551234567>`.",
    )
    caller_ids: Name | None = Field(
        None, description="Name under `caller_ids`, instead of one caller_id: the number is chosen for each call."
    )
    purpose: Purpose = Field(
        Purpose.SALES,
        description="What it calls for, as the law tells it apart.",
    )
    hours: Hours = Field(default_factory=Hours, description="When it may call.")
    caps: CampaignCaps = Field(default_factory=CampaignCaps, description="How often it calls somebody at most.")
    consent: Literal["none", "express", "written"] = Field(
        "none", description="What whoever is called must have consented to before: `ami-dialer consent`."
    )
    exemptions: list[Exemption] = Field(
        default_factory=list, description="Rules of law that do not bind this campaign, each with its reason."
    )
    abandonment: Abandonment = Field(
        default_factory=Abandonment, description="Calls that people answered and nobody talked to."
    )
    ring: Seconds = Field(30.0, ge=5, le=180, description="How long it may ring.")
    priority: int = Field(
        5,
        ge=1,
        le=5,
        description="1 (lowest) to 5. Campaigns that dial at the same time share the calls by it: 5 and 3 get 62.5 % "
        "and 37.5 %.",
    )
    max_calls: int = Field(10, ge=0, le=10_000, description="Calls of this campaign at once; 0: no limit.")
    dialer_interval: Seconds = Field(
        10.0,
        ge=2,
        le=15,
        description="It is looked at so often even if nothing happens, and at once when something does: a call ends, "
        "somebody falls due, a contact comes in.",
    )
    hopper: Hopper = Field(default_factory=Hopper, description="How far ahead contacts are claimed for dialing.")
    amd: Amd = Field(default_factory=Amd, description="Answering machine detection.")
    retry: Retry = Field(default_factory=Retry, description="When a contact is called again.")
    dispositions: Name | None = Field(
        None, description="Name under `disposition_sets`; without it only the system's dispositions."
    )
    callbacks: Callbacks = Field(default_factory=Callbacks, description="Calls at a time that the contact asked for.")
    opt_out_list: Name = Field("opt-outs", description="The do-not-call list that the flow's opt_out writes to.")
    dnc: list[Name] = Field(
        default_factory=lambda: ["opt-outs"],
        validate_default=True,
        description="Do-not-call lists whose numbers this campaign never calls; the global one counts besides.",
    )
    dnc_dispositions: list[Title] = Field(
        default_factory=list,
        description="An attempt with one of these results puts its number on `opt_out_list`, e.g. [Invalid Number].",
    )
    check_on_dial: bool = Field(
        True, description="Look at the do-not-call lists right before each call too, not only when the run starts."
    )
    start: Literal["with-dialer", "by-hand"] = Field(
        "with-dialer",
        description="`ami-dialer run` starts it if it has never run and its lists hold a contact; "
        "or only `ami-dialer campaign start NAME` does. With a `schedule` neither does.",
    )
    schedule: CampaignSchedule | None = Field(None, description="When it starts by itself.")

    _takers = field_validator("agents", mode="before")(takers)

    @field_validator("live")
    @classmethod
    def _live_ones_are_its_own(cls, live: list[str], info: ValidationInfo) -> list[str]:
        own = info.data.get("lists", live)
        foreign: list[tuple[Keys, str]] = [
            ((number,), f"{name!r} is not among `lists`") for number, name in enumerate(live) if name not in own
        ]
        if foreign:
            raise several(foreign)
        return live

    @field_validator("caller_ids")
    @classmethod
    def _one_caller_id(cls, pool: str | None, info: ValidationInfo) -> str | None:
        if pool is not None and info.data.get("caller_id") is not None:
            raise ValueError("stands beside caller_id; take one of the two out")
        return pool

    @field_validator("dialplan")
    @classmethod
    def _one_way(cls, dialplan: str | None, info: ValidationInfo) -> str | None:
        ways = ("flow", "agents", "queue")
        if all(way in info.data for way in ways):
            given = [way for way in ways if info.data[way] is not None] + ["dialplan"] * (dialplan is not None)
            if len(given) != 1:
                has = f"has {' and '.join(given)}" if given else "says nothing of what an answered call is handed to"
                raise of_section([((), f"{has}; it needs exactly one of flow, agents, queue, dialplan")])
        return dialplan

    @field_validator("sessions")
    @classmethod
    def _sessions_of_a_dialplan(cls, sessions: int | None, info: ValidationInfo) -> int | None:
        if sessions is not None and "dialplan" in info.data and info.data["dialplan"] is None:
            raise ValueError("counts what a dialplan can serve; write it beside `dialplan`")
        return sessions

    @field_validator("dialing")
    @classmethod
    def _preview_needs_people(cls, dialing: Dialing, info: ValidationInfo) -> Dialing:
        if dialing.mode == "preview" and "agents" in info.data and info.data["agents"] is None:
            text = "preview asks an agent on the line: it needs `agents`; write progressive or power"
            raise several([(("mode",), text)])
        return dialing

    @property
    def paced(self) -> bool:
        """Whether calls are placed for those who can take them: agents, members of a queue, sessions of a dialplan."""
        return self.agents is not None or self.queue is not None or self.sessions is not None

    @field_validator("dnc")
    @classmethod
    def _opt_outs_are_heeded(cls, dnc: list[str], info: ValidationInfo) -> list[str]:
        name = info.data.get("opt_out_list")
        if name is not None and name not in dnc:
            mend = f"add it to dnc: [{', '.join([*dnc, name])}]"
            raise of_section([(("opt_out_list",), f"{name!r} is not among the lists in dnc; {mend}")])
        return dnc
