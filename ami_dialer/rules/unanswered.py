"""Which attempts count towards "nobody ever answers this number"."""

from ami_dialer.domain.ending import EndReason

#: The call was placed, and nobody and nothing picked up.
UNANSWERED = frozenset(
    {
        EndReason.NO_ANSWER,
        EndReason.BUSY,
        EndReason.REJECTED,
        EndReason.CONGESTION,
        EndReason.INVALID_NUMBER,
    }
)
#: Says nothing about the number: it was not called, or nobody knows how the call ended. Passed over.
UNKNOWN = frozenset({EndReason.FAILED, EndReason.LOST, EndReason.WITHDRAWN, EndReason.CANCELLED})
#: Somebody or something picked up: counting begins anew.
ANSWERED = frozenset(EndReason) - UNANSWERED - UNKNOWN
