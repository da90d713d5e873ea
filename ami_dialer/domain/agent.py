"""Agents: what they are doing, and what leads from one state to the next."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal


class AgentState(StrEnum):
    """What an agent, or whoever else takes calls, is doing."""

    LOGGED_OUT = "logged_out"
    #: Waits for a call.
    READY = "ready"
    #: Hears who is to be called next, and decides.
    PREVIEWING = "previewing"
    #: Calls are being placed for them: no other campaign gets them meanwhile.
    RESERVED = "reserved"
    IN_CALL = "in_call"
    #: The call is over; its result is asked for.
    WRAP_UP = "wrap_up"
    ON_BREAK = "on_break"


#: What states are called, in the order in which they are shown.
STATE_WORDS: Mapping[AgentState, str] = {
    AgentState.READY: "ready",
    AgentState.RESERVED: "reserved",
    AgentState.PREVIEWING: "previewing",
    AgentState.IN_CALL: "in call",
    AgentState.WRAP_UP: "wrap-up",
    AgentState.ON_BREAK: "on break",
    AgentState.LOGGED_OUT: "logged out",
}


class AgentEvent(StrEnum):
    """What moves an agent from one state to the next."""

    LOG_IN = "log in"
    #: A contact is offered.
    PREVIEW = "preview"
    #: Calls are placed for them: of pacing, or the one that was previewed.
    RESERVE = "reserve"
    #: None of these calls came to them, or they skipped the contact.
    RELEASE = "release"
    #: Somebody is on the line.
    CONNECT = "connect"
    #: The call is over.
    FINISH = "finish"
    #: The wrap-up is over.
    RETURN = "return"
    BREAK = "break"
    LOG_OUT = "log out"


_S, _E = AgentState, AgentEvent

TRANSITIONS: dict[tuple[AgentState, AgentEvent], AgentState] = {
    (_S.LOGGED_OUT, _E.LOG_IN): _S.READY,
    (_S.READY, _E.PREVIEW): _S.PREVIEWING,
    (_S.READY, _E.RESERVE): _S.RESERVED,
    (_S.READY, _E.CONNECT): _S.IN_CALL,  # a person waits whom nobody was reserved for
    (_S.READY, _E.BREAK): _S.ON_BREAK,
    (_S.PREVIEWING, _E.RESERVE): _S.RESERVED,
    (_S.PREVIEWING, _E.RELEASE): _S.READY,
    (_S.PREVIEWING, _E.BREAK): _S.ON_BREAK,
    (_S.RESERVED, _E.CONNECT): _S.IN_CALL,
    (_S.RESERVED, _E.RELEASE): _S.READY,
    (_S.RESERVED, _E.BREAK): _S.ON_BREAK,
    (_S.IN_CALL, _E.FINISH): _S.WRAP_UP,
    (_S.WRAP_UP, _E.RETURN): _S.READY,
    (_S.WRAP_UP, _E.BREAK): _S.ON_BREAK,
    (_S.ON_BREAK, _E.RETURN): _S.READY,
    **{(state, _E.LOG_OUT): _S.LOGGED_OUT for state in _S if state is not _S.LOGGED_OUT},
}

#: The rule that holds back a contact whose own agent has no time, as it stands with the contact.
OWN_AGENT = "own-agent"

#: An agent in one of these could take a call now, as far as its own state goes.
FREE = frozenset({_S.READY, _S.RESERVED})


class IllegalAgentEventError(Exception):
    """An event came that the state has no way out by."""


def advance(state: AgentState, event: AgentEvent) -> AgentState:
    """The state that `event` leads to from `state`; raises IllegalAgentEventError where there is no way."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalAgentEventError(f"an agent who is {state} has no way out by {event}") from None


class SeatKind(StrEnum):
    """How calls come to whoever takes them."""

    #: An agent whose line stays up, and waits in a bridge of its own.
    LINE = "line"
    #: A member of one of Asterisk's queues.
    MEMBER = "member"
    #: One of the sessions of a dialplan: an AI agent, another system.
    SESSION = "session"


#: How a supervisor hears an agent: unheard; heard by the agent alone; heard by both.
SuperviseMode = Literal["listen", "whisper", "barge"]


class Step(StrEnum):
    """What an agent does, by keypad, from the command line or over an API. Each has one meaning everywhere."""

    LOG_IN = "login"
    LOG_OUT = "logout"
    BREAK = "break"
    READY = "ready"
    DIAL = "dial"
    SKIP = "skip"
    HANG_UP = "hang-up"
    HOLD = "hold"
    RESUME = "resume"
    TRANSFER = "transfer"
    DO_NOT_CALL = "do-not-call"
    CALLBACK = "callback"
    DISPOSITION = "disposition"
    PAUSE_RECORDING = "pause-recording"
    RESUME_RECORDING = "resume-recording"
    #: A supervisor's, of the agent who is heard.
    SUPERVISE = "supervise"
