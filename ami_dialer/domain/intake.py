"""The words of station 1: how lists, imports, their batches and fetches stand."""

from enum import StrEnum


class ListState(StrEnum):
    """Whether a list can be called."""

    #: An import into it is going on, or was cut off and waits to be taken up again.
    VALIDATING = "validating"
    VALIDATED = "validated"
    #: Its file or its API could not be read, or held nobody who can be called.
    INVALID = "invalid"


class ImportState(StrEnum):
    """How an import stands."""

    #: Going on, or cut off by a crash: the next import of the same file goes on after its last batch.
    RUNNING = "running"
    #: Stopped at a batch; what was loaded before it stays, and it goes on there.
    FAILED = "failed"
    DONE = "done"


class BatchState(StrEnum):
    """How one batch of an import stands. Its rows and this word are written in one transaction."""

    FAILED = "failed"
    DONE = "done"


class FetchState(StrEnum):
    """How a fetch from a list's API ended."""

    COMPLETED = "completed"
    FAILED = "failed"
