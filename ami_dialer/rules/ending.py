"""One end reason per attempt, from what Asterisk's events, the hang-up cause and the flow say together."""

from dataclasses import dataclass

from ami_dialer.domain.ending import EndReason

#: ITU-T Q.850 causes (Asterisk's causes.h) of calls that nobody answered. Others count as FAILED.
CAUSES: dict[int, EndReason] = {
    1: EndReason.INVALID_NUMBER,  # unallocated number
    2: EndReason.CONGESTION,  # no route to transit network
    3: EndReason.CONGESTION,  # no route to destination
    16: EndReason.NO_ANSWER,  # normal clearing before an answer: the far end or we gave up ringing
    17: EndReason.BUSY,
    18: EndReason.NO_ANSWER,  # no user responding
    19: EndReason.NO_ANSWER,  # no answer from user
    20: EndReason.NO_ANSWER,  # subscriber absent
    21: EndReason.REJECTED,
    22: EndReason.INVALID_NUMBER,  # number changed
    27: EndReason.CONGESTION,  # destination out of order
    28: EndReason.INVALID_NUMBER,  # invalid number format
    34: EndReason.CONGESTION,  # no circuit available
    38: EndReason.CONGESTION,  # network out of order
    41: EndReason.CONGESTION,  # temporary failure
    42: EndReason.CONGESTION,  # switching equipment congestion
    44: EndReason.CONGESTION,  # requested channel not available
}

#: `Reason` of a failed OriginateResponse (AST_CONTROL_* of frame.h) where no cause says more.
REASONS: dict[int, EndReason] = {
    3: EndReason.NO_ANSWER,  # AST_CONTROL_RINGING: the ring time was over
    5: EndReason.BUSY,
    8: EndReason.CONGESTION,
}


@dataclass(frozen=True, slots=True)
class EndFacts:
    """All that is known of a call that is over."""

    answered: bool = False
    #: End reason that AMD alone decides (machine, silence, fax); None for a person or when AMD did not run.
    classified: EndReason | None = None
    #: The flow had begun to speak.
    in_flow: bool = False
    #: How the flow ended, when it came to an end.
    flow_end: EndReason | None = None
    #: We gave it up while it rang.
    withdrawn: bool = False
    #: Somebody, or something that stands for an agent, had the person on the line.
    connected: bool = False
    #: Handed to a dialplan of the administrator instead of a flow.
    to_dialplan: bool = False
    #: AMD, where it runs, has said something.
    amd_done: bool = True
    #: Q.850 cause of the hang-up; None where there never was a channel.
    cause: int | None = None
    #: Reason of a failed OriginateResponse.
    reason: int | None = None


def end_reason(facts: EndFacts) -> EndReason:
    """The one end reason of a call whose hang-up was heard. The flow knows best, then AMD, then the cause."""
    if facts.flow_end is EndReason.LOST:
        return EndReason.HUNG_UP  # the flow lost its connection, but the hang-up was heard
    if facts.flow_end is not None or facts.connected:
        return facts.flow_end or EndReason.CONNECTED
    if not facts.answered:
        return EndReason.WITHDRAWN if facts.withdrawn else _unanswered(facts)
    if facts.classified is not None:
        return facts.classified
    if facts.to_dialplan:
        return EndReason.CONNECTED if facts.amd_done else EndReason.ABANDONED
    # A flow that had begun but never told its end was cut off with the process that ran it.
    return EndReason.FLOW_FAILED if facts.in_flow else EndReason.ABANDONED


def _unanswered(facts: EndFacts) -> EndReason:
    if facts.reason == 3:
        return EndReason.NO_ANSWER
    if facts.cause is not None and facts.cause in CAUSES:
        return CAUSES[facts.cause]
    if facts.reason is not None and facts.reason in REASONS:
        return REASONS[facts.reason]
    return EndReason.FAILED
