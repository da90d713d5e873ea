"""Agents: who they are, and how a campaign's calls come to them."""

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from ami_dialer.config.flow import fillable
from ami_dialer.config.kinds import DialplanName, Name, Seconds, Voice
from ami_dialer.config.problems import Path as Keys
from ami_dialer.config.problems import of_section, several
from ami_dialer.config.section import Section
from ami_dialer.domain.pin import HASH_PATTERN

#: What an agent dials to say who they are.
AGENT_NUMBER_PATTERN = r"^[0-9]{1,10}$"
#: One channel that is called to reach an agent's phone.
PHONE_PATTERN = r"^[A-Za-z0-9_]+/[A-Za-z0-9_.:@/;=-]{1,80}$"
#: Why somebody takes a break, and who a transfer goes to; spoken and shown.
WORDS_PATTERN = r"^[^\x00-\x1f\x7f]{1,60}$"
#: The name of one of Asterisk's queues; goes into AMI and AGI.
QUEUE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"
#: An extension that a call is transferred to.
EXTENSION_PATTERN = r"^[0-9*#+]{1,20}$"
#: What is pressed for a choice.
CHOICE_PATTERN = r"^[1-9]$"

AgentNumber = Annotated[str, Field(pattern=AGENT_NUMBER_PATTERN)]
Words = Annotated[str, Field(pattern=WORDS_PATTERN)]
Choice = Annotated[str, Field(pattern=CHOICE_PATTERN)]
QueueName = Annotated[str, Field(pattern=QUEUE_PATTERN)]


#: Whose agents: what a campaign's `agents` may be.
_WHO = "write all, or the numbers of agents as a list: [101, 102]"


def takers(value: object) -> object:
    """Check what a campaign's `agents` says before pydantic does, which would tell of each kind that it may be."""
    if value is None or value == "all":
        return value
    if not isinstance(value, list):
        raise ValueError(f"{_shown(value)}; {_meant(value)}")  # noqa: TRY004 - pydantic takes it
    if not value:
        raise ValueError(f"is an empty list, and so nobody could take the calls; {_WHO}")
    found: list[tuple[Keys, str]] = []
    for place, number in enumerate(value):
        if isinstance(number, str) and number.casefold() == "all":
            found.append(((place,), "all stands alone, without brackets: agents: all"))
        elif not isinstance(number, str) or re.fullmatch(AGENT_NUMBER_PATTERN, number) is None:
            found.append(((place,), f"{_shown(number)}; write the number of an agent: 1 to 10 digits"))
        elif number in value[:place]:
            found.append(((place,), f"{number} stands here twice; take one of them out"))
    if found:
        raise several(found)
    return value


def _shown(value: object) -> str:
    match value:
        case None:
            return "has no value"
        case dict():
            return "a section with keys cannot stand here"
        case list():
            return "a list cannot stand here"
        case _:
            return f"{str(value)[:60]!r} cannot stand here"


def _meant(value: object) -> str:
    text = str(value).strip()
    if text.casefold() == "all":
        return "did you mean all?"
    numbers = re.findall(r"[0-9]+", text) if re.fullmatch(r"\[?[0-9, ]+\]?", text) else []
    return f"did you mean [{', '.join(numbers)}]?" if numbers else _WHO


class Agent(Section):
    """A person with a phone who takes calls."""

    name: Words = Field(description="For people.")
    pin_hash: str | None = Field(
        None,
        pattern=HASH_PATTERN,
        description="What `ami-dialer agent pin` prints; without it the agent has no PIN and cannot log in by phone.",
    )
    phone: str | None = Field(
        None,
        pattern=PHONE_PATTERN,
        description="Channel that `ami-dialer agent login` calls, like PJSIP/101; of a queue's member, its interface.",
    )
    server: Name | None = Field(None, description="Name under `servers` that the phone is on; without it the first.")
    supervisor: bool = Field(False, description="May listen to calls of others, whisper to agents and barge in.")


class AgentLines(Section):
    """What agents hear, and what they can choose."""

    voice: Voice | None = Field(None, description="Voice for what is spoken to agents; default speech.voice.")
    breaks: dict[Choice, Words] = Field(
        default_factory=lambda: {"1": "Lunch", "2": "Break", "3": "Training"},
        description="Reasons for a break, by the digit that is pressed for each.",
    )
    context: DialplanName = Field(
        "ami-dialer-agent", description="Context of asterisk_conf/extensions.conf that agents' phones come to."
    )


class Preview(Section):
    """One contact at a time is offered to an agent, who dials or skips it."""

    say: str = Field(
        "{{first_name}} {{last_name}}",
        max_length=1_000,
        description="What is spoken of the contact: text with its {{fields}}; a field without a value is left out.",
    )
    _readable = field_validator("say")(fillable)
    timeout: Seconds = Field(30.0, ge=5, le=600, description="Then it is dialled by itself.")
    max_skips: int = Field(
        3, ge=0, le=100, description="Times that a contact can be skipped in a run; then only dialled."
    )


class Damper(Section):
    """Less dialing where agents wait enough as it is."""

    mode: Literal["disabled", "waiting-stations"] = Field(
        "disabled",
        description="waiting-stations: the call ratio goes down to 1 while at least `waiting` of the agents are idle.",
    )
    waiting: float = Field(
        0.5, gt=0, le=1, description="Share of those logged in who are idle, from which on the ratio goes down."
    )


class Dialing(Section):
    """How many calls are placed for how many agents."""

    mode: Literal["progressive", "power", "preview"] = Field(
        "progressive",
        description="progressive: one call for each free agent. power: `call_ratio` calls. preview: the agent decides.",
    )
    call_ratio: float = Field(
        2.0,
        ge=1,
        le=10,
        description="With power: calls on their way for each free agent (pacing ratio), over all of them together.",
    )
    damper: Damper = Field(default_factory=Damper, description="When the ratio goes down by itself.")
    customer_wait: Seconds = Field(
        5.0, ge=3, le=60, description="So long somebody who answered waits for an agent; then the message is heard."
    )
    waiting_music: Name | None = Field(
        None, description="Class of musiconhold.conf heard meanwhile; without it silence."
    )
    agent_idle: Seconds = Field(
        30.0,
        ge=5,
        le=600,
        description="An agent for whom calls were placed and none came is free for other campaigns after so long.",
    )
    preview: Preview = Field(default_factory=Preview, description="For mode preview.")


class WrapUp(Section):
    """After a call."""

    limit: Seconds = Field(
        60.0, ge=0, le=3_600, description="So long the result is waited for; then it is System Generated. 0: not asked."
    )
    pause: Seconds = Field(3.0, ge=0, le=600, description="Between the end of the wrap-up and the next call.")
    max_forgotten: int = Field(
        3,
        ge=0,
        le=100,
        description="So many results in a row that an agent does not give make a break: who is there? 0: never.",
    )
    call_back: bool = Field(
        True,
        description="With `queue`: a member who hung up first is called for the result; false: it is given by command.",
    )


class OwnAgent(Section):
    """Contacts that belong to a certain agent."""

    map: Name | None = Field(None, description="Mapping list, as `ami-dialer agent map import` made it.")
    wait: Seconds = Field(300.0, ge=0, le=86_400, description="So long a contact whose turn it is waits for its agent.")
    others: bool = Field(True, description="Then any agent gets it; false: it goes on waiting for its own.")


class Recording(Section):
    """Calls between people and agents, recorded by MixMonitor()."""

    enabled: bool = Field(False, description="Record them: in stereo, the contact left and the agent right.")
    announce: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="Text that the person hears before they are connected, where it must be told.",
    )
    pause: bool = Field(True, description="Agents may pause it, for card numbers and the like.")

    @field_validator("announce")
    @classmethod
    def _the_same_for_all(cls, announce: str | None) -> str | None:
        if announce is not None and "{{" in announce:
            raise ValueError("is the same for everybody; leave the {{fields}} out")
        return announce


class TransferTarget(Section):
    """Whom a call can be transferred to: an extension or a queue."""

    name: Words = Field(description="Spoken to the agent.")
    extension: str | None = Field(None, pattern=EXTENSION_PATTERN, description="In `context` of `transfer`.")
    queue: QueueName | None = Field(None, validate_default=True, description="Instead: one of Asterisk's queues.")

    @field_validator("queue")
    @classmethod
    def _one_way(cls, queue: str | None, info: ValidationInfo) -> str | None:
        if "extension" in info.data and (info.data["extension"] is None) == (queue is None):
            both = "has both extension and queue; take one of the two out"
            none = "has neither extension nor queue; write one of the two: where the call goes to"
            raise of_section([((), both if queue else none)])
        return queue


class Transfer(Section):
    """Where agents may transfer calls to; without any entry they may not."""

    context: DialplanName = Field("from-internal", description="Context of the administrator's that extensions are in.")
    to: dict[Choice, TransferTarget] = Field(
        default_factory=dict, description="By the digit that the agent presses for each."
    )
    any_extension: bool = Field(False, description="Agents may also enter an extension themselves.")

    @property
    def allowed(self) -> bool:
        """Whether calls may be transferred at all."""
        return bool(self.to) or self.any_extension
