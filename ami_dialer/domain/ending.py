"""How an attempt ends: the technical end reason, and the disposition that people read."""

from enum import StrEnum


class EndReason(StrEnum):
    """Why the call ended, technically. Each attempt gets exactly one."""

    #: The person went through the whole flow and answered every question it asked.
    COMPLETED = "completed"
    #: The person asked not to be called again.
    OPTED_OUT = "opted_out"
    #: The flow reached its end, but a question stayed without a valid answer.
    NO_INPUT = "no_input"
    #: The person hung up after the flow had begun.
    HUNG_UP = "hung_up"
    #: The person was connected: to an agent, a queue's member or a dialplan of the administrator. The call ended there.
    CONNECTED = "connected"
    #: A person answered, and the call ended before anything was said to them.
    ABANDONED = "abandoned"
    #: An answering machine answered.
    MACHINE = "machine"
    #: Somebody or something answered and said nothing at all.
    SILENCE = "silence"
    #: A fax machine answered.
    FAX = "fax"
    #: The number is engaged (Q.850 cause 17).
    BUSY = "busy"
    #: The called party declined (Q.850 cause 21).
    REJECTED = "rejected"
    #: It rang until the ring time was over (Q.850 causes 18, 19, 20).
    NO_ANSWER = "no_answer"
    #: No line or route was free on the way (Q.850 causes 34, 38, 41, 42, 44, …).
    CONGESTION = "congestion"
    #: The number does not exist or cannot be dialled (Q.850 causes 1, 22, 28).
    INVALID_NUMBER = "invalid_number"
    #: Asterisk refused the call or the trunk is unusable; nobody was called.
    FAILED = "failed"
    #: A person answered and the flow broke on our side; they heard the closing prompt.
    FLOW_FAILED = "flow_failed"
    #: The dialer, Asterisk or the link between them was down when the call ended, so how it ended is not known.
    LOST = "lost"
    #: It rang, and we gave it up since no agent was left to take it.
    WITHDRAWN = "withdrawn"
    #: The attempt was taken back before anything was sent to Asterisk.
    CANCELLED = "cancelled"


#: Details of attempts that we gave up while they rang: nobody picked up, and somebody did in that moment.
GIVEN_UP = "given up while it rang: no agent was left to take it"
PICKED_UP = "picked up in the moment it was given up: no agent was left to take it"


class Disposition(StrEnum):
    """The named result of an attempt, as people read it in reports."""

    BUSY = "Busy"
    NO_ANSWER = "No Answer"
    CONGESTION = "Congestion"
    FAILED = "Failed"
    INVALID_NUMBER = "Invalid Number"
    ANSWERING_MACHINE = "Answering Machine"
    CONNECTED = "Connected"
    COMPLETED = "Completed"
    OPTED_OUT = "Opted Out"
    ABANDONED = "Abandoned"


DISPOSITION_OF: dict[EndReason, Disposition] = {
    EndReason.COMPLETED: Disposition.COMPLETED,
    EndReason.OPTED_OUT: Disposition.OPTED_OUT,
    EndReason.NO_INPUT: Disposition.CONNECTED,
    EndReason.HUNG_UP: Disposition.CONNECTED,
    EndReason.CONNECTED: Disposition.CONNECTED,
    EndReason.ABANDONED: Disposition.ABANDONED,
    EndReason.MACHINE: Disposition.ANSWERING_MACHINE,
    EndReason.SILENCE: Disposition.ANSWERING_MACHINE,
    EndReason.FAX: Disposition.ANSWERING_MACHINE,
    EndReason.BUSY: Disposition.BUSY,
    EndReason.REJECTED: Disposition.BUSY,
    EndReason.NO_ANSWER: Disposition.NO_ANSWER,
    EndReason.CONGESTION: Disposition.CONGESTION,
    EndReason.INVALID_NUMBER: Disposition.INVALID_NUMBER,
    EndReason.FAILED: Disposition.FAILED,
    EndReason.FLOW_FAILED: Disposition.FAILED,
    EndReason.LOST: Disposition.FAILED,
    EndReason.WITHDRAWN: Disposition.NO_ANSWER,
    EndReason.CANCELLED: Disposition.FAILED,
}

#: Never tried again, whatever the retry rules say.
FINAL = frozenset({EndReason.COMPLETED, EndReason.OPTED_OUT})
